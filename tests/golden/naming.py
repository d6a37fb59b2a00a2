"""Does a question name an identifier of the code that answers it?"""

from __future__ import annotations

import re

# What nobody writes by accident: snake_case, camelCase, a.b, call(), --flag, `code`.
CODE_LIKE = re.compile(
    r"\w+_\w+|[a-z0-9]+[A-Z]\w*|[A-Z]+[a-z0-9]+[A-Z]\w*|\w+\.\w+|\w\(|(?<!\S)--?[a-z]|`"
)
# What the gold lines define. Variables and parameters are left out: they are called
# "file", "name" or "path" everywhere, and so is the file that a question is about.
# A definition starts its line, so that prose ("a function that ...") is none.
DEFINED = re.compile(
    r"^[ \t]*(?:(?:pub(?:\(\w+\))?|export|async|static|typedef|const|unsafe)[ \t]+)*"
    r"(?:def|class|fn|struct|enum|trait|type|function|interface|macro_rules!)[ \t]+"
    r"(\w+)(?=[ \t]*(?:[(<{:=]|struct\b|interface\b|func\b|$))"
    r"|^func[ \t]+(?:\([^)\n]*\)[ \t]*)?(\w+)"
    r"|^#define[ \t]+(\w+)"
    r"|^\w[\w \t*]*[ *](\w+)\([^;\n]*\{$"  # C
    r"|^\w+(?:\.prototype)?\.(\w+)[ \t]*=[ \t]*function",
    re.MULTILINE,
)
WORD = re.compile(r"\w+")


def code_like(question: str) -> list[str]:
    return [match.group() for match in CODE_LIKE.finditer(question)]


def defined_in(text: str) -> set[str]:
    return {name for names in DEFINED.findall(text) for name in names if name}


def names_an_identifier(question: str, gold: str) -> bool:
    return bool(code_like(question)) or not defined_in(gold).isdisjoint(WORD.findall(question))
