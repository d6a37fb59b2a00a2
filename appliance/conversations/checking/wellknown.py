"""Names that everybody knows and no company's code need define: of languages, their libraries, tools.

Made from what is installed: the interpreter's own modules and what they define, and the words that
Pygments colours as keywords and built-ins of each language. What neither has stands in a list of
our own, wellknown.txt.
"""

from __future__ import annotations

import builtins
import importlib
import keyword
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from pygments.lexer import words
from pygments.lexers import get_lexer_by_name

LANGUAGES = (
    "python", "javascript", "typescript", "go", "rust", "c", "cpp", "java", "kotlin", "ruby", "php",
    "csharp", "swift", "bash", "sql", "postgresql", "lua", "perl", "scala", "css", "html", "make",
    "docker", "yaml", "json", "toml", "ini",
)  # fmt: skip
# Of the standard library, what people name in answers; what these define is known too.
MODULES = (
    "abc", "argparse", "ast", "asyncio", "base64", "bisect", "collections", "collections.abc",
    "concurrent.futures", "configparser", "contextlib", "copy", "csv", "ctypes", "dataclasses",
    "datetime", "decimal", "email", "enum", "fnmatch", "functools", "gc", "getpass", "glob", "gzip",
    "hashlib", "heapq", "hmac", "html", "http", "http.client", "http.server", "importlib",
    "inspect", "io", "ipaddress", "itertools", "json", "logging", "logging.handlers", "math",
    "mimetypes", "multiprocessing", "operator", "os", "os.path", "pathlib", "pickle", "platform",
    "pprint", "queue", "random", "re", "secrets", "select", "selectors", "shlex", "shutil", "signal",
    "socket", "socketserver", "sqlite3", "ssl", "stat", "statistics", "string", "struct",
    "subprocess", "sys", "tarfile", "tempfile", "textwrap", "threading", "time", "traceback",
    "types", "typing", "unicodedata", "unittest", "unittest.mock", "urllib", "urllib.parse",
    "urllib.request", "uuid", "warnings", "weakref", "xml.etree.ElementTree", "zipfile", "zlib",
)  # fmt: skip
TYPES = (str, bytes, int, float, list, dict, set, tuple, BaseException, type)
ALTERNATIVES = re.compile(r"[A-Za-z_]\w+(?:\|[A-Za-z_]\w*)+")


def is_well_known(name: str) -> bool:
    """Return whether a single name, path or flag belongs to a language, its library or a tool."""
    return name in _names()


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    names = set(_listed())
    names.update(keyword.kwlist, keyword.softkwlist, dir(builtins), sys.stdlib_module_names)
    for one in TYPES:
        names.update(dir(one))
    for name in MODULES:
        module = importlib.import_module(name)
        names.update(name.split("."))
        for defined in dir(module):
            names.add(defined)
            # Methods of its classes: `read_text` is pathlib's, whoever calls it.
            value = getattr(module, defined)
            if (
                isinstance(value, type)
                and value.__module__.partition(".")[0] == name.partition(".")[0]
            ):
                names.update(dir(value))
    for language in LANGUAGES:
        names.update(_words_of(language))
    return frozenset(names)


def _listed() -> Iterator[str]:
    text = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    for line in text.split("\n"):
        if not line.startswith("#"):
            yield from line.split()


def _words_of(language: str) -> Iterator[str]:
    """Yield the words that Pygments' lexer lists: keywords, types, built-in functions."""
    for rules in getattr(get_lexer_by_name(language), "tokens", {}).values():
        for rule in rules:
            pattern = rule[0] if isinstance(rule, tuple) else None
            if isinstance(pattern, words):
                yield from (word for word in pattern.words if isinstance(word, str))
            elif isinstance(pattern, str):
                for found in ALTERNATIVES.findall(pattern):
                    yield from found.split("|")
