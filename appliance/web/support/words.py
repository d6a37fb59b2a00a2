"""The product's own words. Only they leave in a bundle: what is not known to be ours is left out.

Looking for secrets to remove would miss the next one. So a text is taken apart, and of it those words stay
that stand in the product's own code, unless they are a name of this installation, and plain numbers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import DatabaseError

from appliance.accounts.models import Directory, User
from indexer.models import Ref, SharedCredential, Source

PACKAGES = ("appliance", "indexer", "inference")
LEFT_OUT = "▢"
WORD = re.compile(r"[^\W_]+(?:[_'-][^\W_]+)*")
NUMBER = re.compile(r"\d{1,9}")
COUNT = re.compile(r"\d{1,3}")  # too short to be somebody's number, and told everywhere
# Paths, mail addresses, and addresses of hosts: 10.20.0.12, fe80::1
PRIVATE = re.compile(r"[/\\@]|\d{1,3}(?:\.\d{1,3}){3}|::|(?:[0-9A-Fa-f]{1,4}:){3}")
MANY_NAMES = 20_000
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}


class Words:
    """Lets through what consists of the product's own words, one word at a time."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def scrub(self, text: str) -> str:
        """Return the text with a mark in the place of each word that may be somebody's."""
        return " ".join(self._token(token) for token in text.split())

    def _token(self, token: str) -> str:
        if PRIVATE.search(token):
            return LEFT_OUT
        return WORD.sub(lambda found: self._word(found.group()), token)

    def _word(self, word: str) -> str:
        plain = word.casefold()
        is_known = NUMBER.fullmatch(word) or plain in vocabulary()
        return word if is_known and plain not in self._names else LEFT_OUT


def words() -> Words:
    """Return the words that may leave this installation; where the names are not known, hardly any."""
    return Words(frozenset(_names()))


def _names() -> Iterator[str]:
    """Yield the words of which the names of people, groups, sources, branches and directories consist."""
    columns = (
        (User, "username"), (User, "first_name"), (User, "last_name"), (Group, "name"),
        (Source, "name"), (Ref, "name"), (SharedCredential, "name"), (Directory, "name"),
    )  # fmt: skip
    try:
        for model, column in columns:
            for name in model._default_manager.values_list(column, flat=True)[:MANY_NAMES]:
                named = (name.casefold(), *(word.casefold() for word in WORD.findall(name)))
                yield from (word for word in named if not COUNT.fullmatch(word))
    except DatabaseError:
        yield from vocabulary()


def vocabulary() -> frozenset[str]:
    """Return every word that stands in a text of the product's code."""
    return _own().words


def message_templates() -> frozenset[str]:
    """Return every message that the product logs, with its placeholders."""
    return _own().messages


def functions() -> frozenset[str]:
    """Return the name of every function of the product."""
    return _own().functions


@dataclass(frozen=True, slots=True)
class Own:
    """What the product's code says."""

    words: frozenset[str]
    messages: frozenset[str]
    functions: frozenset[str]


@lru_cache(maxsize=1)
def _own() -> Own:
    """Read the code once; takes seconds, so it is done when a bundle is first made."""
    found: set[str] = set()
    messages: set[str] = set()
    functions: set[str] = set()
    for package in PACKAGES:
        for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.update(word.casefold() for word in WORD.findall(node.value))
                elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    functions.add(node.name)
                elif message := _logged(node):
                    messages.add(message)
    return Own(frozenset(found), frozenset(messages), frozenset(functions))


def _logged(node: ast.AST) -> str:
    """Return the message of a call such as logger.info("source=%s", 7), else nothing."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return ""
    first = node.args[0]
    if node.func.attr in METHODS and isinstance(first, ast.Constant):
        return first.value if isinstance(first.value, str) else ""
    return ""
