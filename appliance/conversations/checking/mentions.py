"""What a sentence names that can be looked up: names of code, paths, flags, endpoints, numbers, texts.

Everyday words are not mentions. Between backticks everything is code; elsewhere only what no prose
looks like: `snake_case`, `camelCase`, `a.b`, `call()`, `--flag`, `src/a.py`, `/api/items`, "quoted
words", and numbers that are written as digits and are not small.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from appliance.conversations.checking.markers import MARKER
from appliance.conversations.checking.sentences import CODE_SPAN, Sentence


class Kind(StrEnum):
    NAME = "name"
    PATH = "path"
    FLAG = "flag"
    ENDPOINT = "endpoint"
    NUMBER = "number"
    TEXT = "text"  # a literal: what stood between quotes


@dataclass(frozen=True, slots=True)
class Mention:
    """Something that a sentence names, and where in the sentence it ends."""

    kind: Kind
    text: str
    end: int  # letters of the sentence up to behind it, its backtick included
    factor: tuple[int, ...] = ()  # of a number with a unit: by what code may have multiplied it


EXTENSIONS = (
    "py|pyi|js|mjs|cjs|jsx|ts|tsx|go|rs|c|h|cc|cpp|hpp|java|kt|rb|php|cs|swift|sh|sql|lua|pl|"
    "md|rst|txt|adoc|json|ya?ml|toml|cfg|ini|conf|env|xml|html?|css|scss|svg|lock|proto|graphql|"
    "gradle|mod|sum|bat|ps1|dockerfile|csv|ipynb|service"
)
# Bounded: a block of code may be a megabyte of one shape.
SEGMENT = r"[\w.@+-]{1,100}"
FILE = rf"[\w@+-][\w.@+-]{{0,100}}\.(?:{EXTENSIONS})(?![\w-])"
ROOTED = rf"(?:\.{{1,2}}/|~/)(?:{SEGMENT}/){{0,30}}(?:{SEGMENT})?"
PATH = rf"{ROOTED}|(?:{SEGMENT}/){{1,30}}{FILE}|(?:{SEGMENT}/){{2,30}}(?:{SEGMENT})?|{FILE}"
URL = r"https?://[^\s`\"'<>)\]]{1,500}"
PART = r"(?:[\w.~@%+-]{1,100}|[{<:][\w:]{1,100}[}>]?)"  # of an endpoint
ENDPOINT = rf"(?<![\w/.)])/{PART}(?:/{PART}){{0,30}}/?"
FLAG = r"(?<![\w-])--[A-Za-z][\w-]*|(?<![\w-])-[A-Za-z](?![\w-])"
# Behind a path: lines of it, which no text of the file tells. a.py:12, a.py:12:5, a.py#L12-L14
OF_LINES = r"(?::\d{1,7}(?:[-\u2013:]\d{1,7})?(?![\w.])|#L\d{1,7}(?:-L?\d{1,7})?)"
NUMBER = r"(?<![\w.])v?(?:0[xX][0-9a-fA-F]+|\d+(?:[_,]\d{3})*(?:\.\d+)*)(?![\d_])"
WORD = r"[^\W\d][\w$]*"
JOINED = rf"{WORD}(?:(?:\.|::|->|#){WORD})*"
VERSION = r"v\d+\.\d"  # no name, though it begins like one
# "this", \u201cthis\u201d, \u201ethis\u201c and \u00abthis\u00bb
QUOTED = (
    r"\"([^\"\n]{2,120})\"|\u201c([^\u201d\n]{2,120})\u201d|\u201e([^\u201c\u201d\n]{2,120})[\u201c\u201d]"
    r"|\u00ab\s?([^\u00bb\n]{2,120}?)\s?\u00bb"
)
QUOTED_IN_CODE = r"\"((?:[^\"\\\n]|\\.){1,120})\"|'((?:[^'\\\n]|\\.){1,120})'"

IN_CODE = re.compile(
    rf"(?P<url>{URL})|{QUOTED_IN_CODE}|(?P<flag>{FLAG})|(?P<path>{PATH}){OF_LINES}?|(?P<endpoint>{ENDPOINT})"
    rf"|(?P<name>(?!{VERSION})\$?{JOINED})|(?P<number>{NUMBER})"
)
IN_PROSE = re.compile(
    rf"(?P<url>{URL})|{QUOTED}|(?P<flag>{FLAG})|(?P<path>{PATH}){OF_LINES}?|(?P<endpoint>{ENDPOINT})"
    rf"|(?P<name>(?!{VERSION})\$?{JOINED}(?:\(\))?)|(?P<number>{NUMBER})(?P<unit>[ \u00a0-]?(?:%|[A-Za-z]+))?"
)
WHOLE_FOLDER = re.compile(rf"(?:{SEGMENT}/){{1,30}}(?:{SEGMENT})?")
KEBAB = re.compile(r"[^\W\d]\w*(?:-\w+){1,30}")
SEPARATOR = re.compile(r"\.|::|->|#")
# A name in prose: an underscore inside, a hump, or an acronym that goes on in small letters.
CODELIKE = re.compile(r"[^\W_]_+\w|^_+\w|[a-z0-9][A-Z]|[A-Z]{2,}[a-z]{2,}|^\$")
# "lines 12, 15 and 20 to 31"; and in the languages that answers are asked for most.
LINES_BEFORE = re.compile(
    r"\b(?:lines?|L|Zeilen?|lignes?|l[i\u00ed]neas?)\s{0,3}"
    r"(?:\d(?:[\s\d,&\u2013-]|\b(?:and|to|or|und|bis|et|\u00e0|y|a)\b){0,60})?\Z",
    re.IGNORECASE,
)

# Words of languages that say nothing about a place: every file has them.
KEYWORDS = frozenset({
    "True", "False", "None", "true", "false", "null", "nil", "undefined", "NaN", "self", "this",
    "cls", "super", "and", "or", "not", "is", "in", "if", "else", "elif", "for", "while", "do",
    "switch", "case", "default", "break", "continue", "return", "yield", "pass", "try", "except",
    "catch", "finally", "throw", "throws", "raise", "with", "as", "import", "from", "export",
    "package", "use", "mod", "module", "def", "fn", "func", "function", "lambda", "class", "struct",
    "enum", "interface", "trait", "impl", "type", "typedef", "union", "let", "var", "const", "mut",
    "static", "final", "public", "private", "protected", "async", "await", "new", "delete", "void",
    "int", "float", "double", "bool", "boolean", "str", "string", "char", "byte", "long", "short",
    "unsigned", "signed", "number", "any", "object", "list", "dict", "tuple", "set", "map", "array",
    "goto", "extern", "virtual", "override", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
    "usize", "isize", "f32", "f64",
})  # fmt: skip
# Written like code, and no code: products, and the short forms of prose.
EVERYDAY = frozenset({
    "GitHub", "GitLab", "JavaScript", "TypeScript", "CoffeeScript", "PostgreSQL", "MySQL", "SQLite",
    "NoSQL", "MongoDB", "OpenAPI", "OpenSSL", "OpenID", "OAuth", "macOS", "iOS", "iPhone",
    "YouTube", "LinkedIn", "NumPy", "SciPy", "PyPI", "PyTorch", "TensorFlow", "FastAPI", "GraphQL",
    "WebSocket", "WebSockets", "DevOps", "LaTeX", "LibreOffice", "FreeBSD", "OpenBSD", "NetBSD",
    "PowerShell", "IntelliJ", "VSCode", "CPython", "PyPy", "IPython", "JSON5", "DataFrame",
    "HTTPie", "gRPC", "pytest", "i.e", "e.g", "a.m", "p.m", "a.k.a", "vs.", "etc.",
})  # fmt: skip
FACTORS = {
    "ms": (), "millisecond": (), "s": (1000, 10**6, 10**9), "sec": (1000,),
    "second": (1000, 10**6, 10**9), "m": (60,), "min": (60, 60_000), "minute": (60, 60_000),
    "hour": (3600, 3_600_000, 60), "h": (3600,), "day": (86_400, 24, 86_400_000),
    "kb": (1000, 1024), "kib": (1024,), "mb": (10**6, 1024**2), "mib": (1024**2,),
    "gb": (10**9, 1024**3), "gib": (1024**3,),
}  # fmt: skip


def mentions_in(sentence: Sentence) -> list[Mention]:
    """Return what the sentence names, in reading order, places that are named twice included."""
    text = MARKER.sub(lambda found: " " * len(found[0]), sentence.text)
    if sentence.is_code:
        body = text.find("\n") + 1
        return list(_of_code(text[body:].rstrip("`~\n \t"), body, 0))
    found = [
        mention
        for span in CODE_SPAN.finditer(text)
        for mention in _of_code_span(span[0], span.start())
    ]
    prose = CODE_SPAN.sub(lambda span: "\n" * len(span[0]), text)
    return sorted([*found, *_of_prose(prose)], key=lambda mention: mention.end)


def _of_code_span(span: str, start: int) -> Iterator[Mention]:
    ticks = 2 if span.startswith("``") else 1
    inside = span[ticks:-ticks]
    stripped = inside.strip()
    if WHOLE_FOLDER.fullmatch(stripped) and not stripped.endswith("//"):
        yield Mention(Kind.PATH, stripped, start + len(span))
        return
    if KEBAB.fullmatch(stripped):
        yield Mention(Kind.NAME, stripped, start + len(span))
        return
    offset = start + ticks
    is_one = len(list(IN_CODE.finditer(inside))) == 1
    yield from _of_code(inside, offset, start + len(span) if is_one else 0)


def _of_code(code: str, offset: int, end: int) -> Iterator[Mention]:
    """Yield the mentions of code; `end` is where all of them end, 0: each behind itself."""
    for found in IN_CODE.finditer(code):
        at = end or offset + found.end()
        if text := found[2] or found[3]:  # QUOTED_IN_CODE
            if len(text) > 1:
                yield Mention(Kind.TEXT, text, at)
        elif name := found["name"]:
            yield from _name(name, at)
        elif found["number"]:
            yield Mention(Kind.NUMBER, found["number"], at)
        else:
            yield _place(found, at)


def _of_prose(text: str) -> Iterator[Mention]:
    for found in IN_PROSE.finditer(text):
        if quoted := next(filter(None, found.group(2, 3, 4, 5)), ""):  # QUOTED
            if re.search(r"[^\w]|_|[a-z][A-Z]", quoted.strip()):
                yield Mention(Kind.TEXT, quoted, found.end())
        elif name := found["name"]:
            if _is_codelike(name):
                yield from _name(name.removesuffix("()"), found.end())
        elif found["number"]:
            yield from _number(found, text)
        elif found["flag"] and len(found["flag"]) == 2:
            continue
        else:
            yield _place(found, found.end())


def _place(found: re.Match[str], end: int) -> Mention:
    if found["flag"]:
        return Mention(Kind.FLAG, found["flag"], end)
    if found["path"]:
        return Mention(Kind.PATH, found["path"].rstrip("."), end)
    return Mention(Kind.ENDPOINT, (found["url"] or found["endpoint"]).rstrip(".,;:"), end)


def _name(name: str, end: int) -> Iterator[Mention]:
    if name not in KEYWORDS and name.strip("_$"):
        yield Mention(Kind.NAME, name.lstrip("$"), end)


def _is_codelike(name: str) -> bool:
    bare = name.removesuffix("()")
    if bare in EVERYDAY:
        return False
    if bare != name or CODELIKE.search(bare):
        return True
    parts = SEPARATOR.split(bare)
    # "added.The next" is no name: a stop without its blank.
    return len(parts) > 1 and all(len(part) > 1 for part in parts) and parts[-1][0].islower()


def _number(found: re.Match[str], text: str) -> Iterator[Mention]:
    number, unit = found["number"], (found["unit"] or "").strip(" \u00a0-").lower()
    factors = FACTORS.get(unit, FACTORS.get(unit.removesuffix("s")))
    is_small = number.isdecimal() and len(number) == 1
    if is_small and factors is None and unit != "%":
        return
    before = text[max(0, found.start() - 80) : found.start()]
    if unit.startswith("line") or (factors is None and LINES_BEFORE.search(before)):
        return
    yield Mention(Kind.NUMBER, number, found.end("number"), factors or ())
