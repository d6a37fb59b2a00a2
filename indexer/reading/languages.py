"""Name the language of a file by its name, its first line, or a glance at its text."""

from __future__ import annotations

import re
from collections.abc import Callable

TEXT = "text"

EXTENSIONS = {
    # with a chunker of their own
    "asciidoc": ("adoc", "asciidoc"),
    "c": ("c",),
    "cpp": (
        "cc",
        "cpp",
        "cxx",
        "c++",
        "hh",
        "hpp",
        "hxx",
        "h++",
        "ipp",
        "tpp",
        "inl",
        "cu",
        "cuh",
        "ino",
    ),
    "csharp": ("cs", "csx"),
    "go": ("go",),
    "java": ("java",),
    "javascript": ("js", "cjs", "mjs", "jsx", "es6"),
    "kotlin": ("kt", "kts"),
    "markdown": ("md", "markdown", "mdown", "mkd", "mdx", "qmd"),
    "php": ("php", "phtml"),
    "python": ("py", "pyi", "pyw", "pyx", "pxd", "bzl", "sconstruct"),
    "restructuredtext": ("rst", "rest"),
    "ruby": ("rb", "rake", "gemspec", "podspec"),
    "rust": ("rs",),
    "shell": ("sh", "bash", "zsh", "fish", "ksh", "bats"),
    "tsx": ("tsx",),
    "typescript": ("ts", "mts", "cts"),
    # windows of lines; the name serves display and highlighting
    "assembly": ("s", "asm"),
    "batch": ("bat", "cmd"),
    "clojure": ("clj", "cljs", "cljc", "edn"),
    "cmake": ("cmake",),
    "css": ("css", "scss", "sass", "less"),
    "csv": ("csv", "tsv"),
    "dart": ("dart",),
    "diff": ("diff", "patch"),
    "elixir": ("ex", "exs"),
    "elm": ("elm",),
    "erlang": ("erl", "hrl"),
    "fortran": ("f", "f90", "f95", "for"),
    "fsharp": ("fs", "fsi", "fsx"),
    "graphql": ("graphql", "gql"),
    "groovy": ("groovy", "gradle"),
    "haskell": ("hs", "lhs"),
    "hcl": ("hcl", "tf", "tfvars"),
    "html": ("html", "htm", "xhtml", "jinja", "jinja2", "j2", "hbs", "mustache", "ejs", "erb"),
    "ini": ("ini", "cfg", "conf", "properties", "editorconfig", "service"),
    "json": ("json", "json5", "jsonc", "jsonl", "ndjson", "geojson", "webmanifest"),
    "julia": ("jl",),
    "lisp": ("el", "lisp", "scm", "rkt"),
    "lua": ("lua",),
    "make": ("mk", "mak"),
    "matlab": ("m",),
    "nix": ("nix",),
    "notebook": ("ipynb",),
    "objective-c": ("mm",),
    "ocaml": ("ml", "mli"),
    "perl": ("pl", "pm", "t"),
    "powershell": ("ps1", "psm1", "psd1"),
    "protobuf": ("proto",),
    "r": ("r", "rmd"),
    "scala": ("scala", "sc", "sbt"),
    "solidity": ("sol",),
    "sql": ("sql", "ddl", "psql"),
    "starlark": ("star",),
    "svelte": ("svelte",),
    "swift": ("swift",),
    "tex": ("tex", "sty", "cls", "bib"),
    "toml": ("toml",),
    "verilog": ("v", "sv", "svh"),
    "vhdl": ("vhd", "vhdl"),
    "vue": ("vue",),
    "xml": (
        "xml",
        "xsd",
        "xsl",
        "xslt",
        "svg",
        "plist",
        "csproj",
        "fsproj",
        "vbproj",
        "props",
        "resx",
        "xaml",
    ),
    "yaml": ("yaml", "yml"),
    "zig": ("zig",),
}
BY_EXTENSION = {extension: name for name, group in EXTENSIONS.items() for extension in group}

BY_FILE_NAME = {
    "build": "python",
    "build.bazel": "python",
    "cmakelists.txt": "cmake",
    "containerfile": "dockerfile",
    "dockerfile": "dockerfile",
    "gemfile": "ruby",
    "gnumakefile": "make",
    "go.mod": "go.mod",
    "jenkinsfile": "groovy",
    "justfile": "make",
    "makefile": "make",
    "meson.build": "meson",
    "rakefile": "ruby",
    "sconscript": "python",
    "sconstruct": "python",
    "vagrantfile": "ruby",
    "workspace": "python",
    ".bashrc": "shell",
    ".profile": "shell",
    ".zshrc": "shell",
}

INTERPRETERS = {
    "awk": "awk",
    "bash": "shell",
    "dash": "shell",
    "deno": "typescript",
    "fish": "shell",
    "ksh": "shell",
    "lua": "lua",
    "node": "javascript",
    "perl": "perl",
    "php": "php",
    "pypy": "python",
    "python": "python",
    "ruby": "ruby",
    "sh": "shell",
    "ts-node": "typescript",
    "zsh": "shell",
}
SHEBANG = re.compile(r"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-\S+[ \t]+)*)?(?:\S*/)?([A-Za-z][-A-Za-z]*)")

GLANCE = 64 * 1024
CPP_WORDS = re.compile(
    r"^[ \t]*(?:class\s+\w+|namespace\s+\w+|namespace\s*\{|template\s*<|using\s+\w+"
    r"|(?:public|private|protected)\s*:)",
    re.MULTILINE,
)
OPENAPI = re.compile(
    r"^[ \t{]*[\"']?(?:openapi|swagger)[\"']?[ \t]*:[ \t]*[\"']?[23]\.", re.MULTILINE
)
OBJECTIVE_C = re.compile(
    r"^(?:@(?:interface|implementation|protocol|class)\b|#import\b)", re.MULTILINE
)


def detect_language(path: str, text: str) -> str:
    """Return the short lower-case name of the language, "text" when nothing is known."""
    name = path.rpartition("/")[2].lower()
    stem, dot, extension = name.rpartition(".")
    if name in BY_FILE_NAME:
        return BY_FILE_NAME[name]
    if extension == "in" and "." in stem:  # templates such as config.h.in
        extension = stem.rpartition(".")[2]
    if dot and extension in AMBIGUOUS:
        return AMBIGUOUS[extension](text[:GLANCE])
    if dot and extension in BY_EXTENSION:
        return BY_EXTENSION[extension]
    if stem in BY_FILE_NAME:  # Dockerfile.dev, Makefile.am
        return BY_FILE_NAME[stem]
    return _by_shebang(text)


def _by_shebang(text: str) -> str:
    found = SHEBANG.match(text[:200])
    return INTERPRETERS.get(found[1].rstrip("-"), TEXT) if found else TEXT


def _header(text: str) -> str:
    if OBJECTIVE_C.search(text):
        return "objective-c"
    return "cpp" if CPP_WORDS.search(text) else "c"


def _dot_m(text: str) -> str:
    return "objective-c" if OBJECTIVE_C.search(text) else "matlab"


def _dot_ts(text: str) -> str:
    # Qt's translation files share the extension of TypeScript.
    return "xml" if text.lstrip().startswith("<") and "<!DOCTYPE TS" in text[:500] else "typescript"


def _description(language: str) -> Callable[[str], str]:
    """Tell descriptions of interfaces from other YAML and JSON by their first keys."""

    def detect(text: str) -> str:
        return "openapi" if OPENAPI.search(text[:4096]) else language

    return detect


AMBIGUOUS = {
    "h": _header,
    "json": _description("json"),
    "m": _dot_m,
    "ts": _dot_ts,
    "yaml": _description("yaml"),
    "yml": _description("yaml"),
}
