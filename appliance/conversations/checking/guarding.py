"""Which names of an answer occur nowhere: not in what the reader may read, not in the question, and
not among the names that everybody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from appliance.conversations.checking.lines import static_part
from appliance.conversations.checking.mentions import SEPARATOR, Kind, Mention, mentions_in
from appliance.conversations.checking.sentences import DIFF_LANGUAGES, Sentence
from appliance.conversations.checking.wellknown import is_well_known
from indexer.retrieval.occurrences import SHORTEST, look_up
from indexer.scope import Scope

SECONDS = 1.0  # for all look-ups of one answer; what is not reached is not marked
MOST = 60  # names looked up; an answer with more is no answer
GUARDED = frozenset({Kind.NAME, Kind.PATH, Kind.FLAG, Kind.ENDPOINT})
DIFF = re.compile(rf"\s*[`~]{{3,}}[ \t]*(?:{'|'.join(sorted(DIFF_LANGUAGES))})\b", re.IGNORECASE)
SIDE = re.compile(r"\A[ab]/(?=.)")  # which git writes before a path
WORDS = re.compile(r"[^\W\d][\w$]*")
# What an example binds is its own: `x = ...`, `def x`, `for x in`, `x: int`, `import y as x`.
BOUND = re.compile(
    r"\b(?:def|class|func|fn|function|let|const|var|mut|type|struct|enum|interface|trait|for|as|async)"
    r"\s{1,9}([^\W\d]\w*+)|\b([^\W\d]\w*+)\s{0,9}(?::=|=(?!=)|:(?!:))"
    r"|\(([^()\n]{0,500})\)\s{0,9}(?:=>|:|\{|->)"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the names of an answer may come from, besides the corpus."""

    words: frozenset[str]
    text: str

    @classmethod
    def of(cls, texts: Iterable[str]) -> Known:
        text = "\n".join(texts)
        return cls(frozenset(WORDS.findall(text)), text)

    def holds(self, name: str) -> bool:
        """Return whether the name stands there as it is spelled."""
        return name in self.words if WORDS.fullmatch(name) else name in self.text


def unknown_names(
    sentences: Sequence[Sentence],
    *,
    known: Known,
    scope: Scope,
    refs: Sequence[str] = (),
    seconds: float = SECONDS,
) -> tuple[str, ...]:
    """Return the names, paths, flags and endpoints that occur nowhere, as the answer writes them."""
    parts = {one.text: _parts(one, is_diff=is_diff) for one, is_diff in _guarded(sentences)}
    open_parts = {
        part: kind
        for of_one in parts.values()
        for part, kind in of_one
        if len(part) >= SHORTEST and not known.holds(part) and not is_well_known(part)
    }
    asked = dict(list(open_parts.items())[:MOST])
    if not asked:
        return ()
    found = look_up(
        names=[part for part, kind in asked.items() if kind is Kind.NAME],
        paths=[part for part, kind in asked.items() if kind is Kind.PATH],
        texts=[part for part, kind in asked.items() if kind in {Kind.FLAG, Kind.ENDPOINT}],
        scope=scope,
        refs=refs,
        seconds=seconds,
    )
    missing = asked.keys() - found.found - found.unsearched
    missing -= _flags_as_names(missing, scope, refs, seconds)
    return tuple(
        text for text, of_one in parts.items() if any(part in missing for part, _ in of_one)
    )


def _guarded(sentences: Sequence[Sentence]) -> Iterator[tuple[Mention, bool]]:
    """Yield what is looked up, and whether it stands in a diff."""
    for sentence in sentences:
        is_diff = sentence.is_code and DIFF.match(sentence.text) is not None
        bound = bound_in(sentence.text) if sentence.is_code else frozenset()
        for mention in mentions_in(sentence):
            if mention.kind in GUARDED and SEPARATOR.split(mention.text)[0] not in bound:
                yield mention, is_diff


def bound_in(code: str) -> frozenset[str]:
    """Return the names that a block of code gives to things of its own."""
    return frozenset(
        name for found in BOUND.findall(code) for group in found for name in WORDS.findall(group)
    )


def _parts(mention: Mention, *, is_diff: bool) -> list[tuple[str, Kind]]:
    """Return what is looked up of a mention: of `Command.invoke` both names, of a path in a diff
    what stands behind git's `a/` and `b/`."""
    if mention.kind is Kind.NAME:
        return [(part, Kind.NAME) for part in SEPARATOR.split(mention.text)]
    if mention.kind is Kind.ENDPOINT:
        return [(static_part(mention.text), Kind.ENDPOINT)]
    path = SIDE.sub("", mention.text) if is_diff else mention.text
    return [(path.removeprefix("./"), mention.kind)]


def _flags_as_names(
    missing: Iterable[str], scope: Scope, refs: Sequence[str], seconds: float
) -> set[str]:
    """Return the flags that libraries make of a name: `--no-color` of `no_color` or `noColor`."""
    names = {
        name: flag for flag in missing if flag.startswith("--") for name in _names_of_flag(flag)
    }
    if not names:
        return set()
    found = look_up(names=names, scope=scope, refs=refs, seconds=seconds)
    return {flag for name, flag in names.items() if name in found.found | found.unsearched}


def _names_of_flag(flag: str) -> Iterator[str]:
    first, *rest = flag.strip("-").split("-")
    yield "_".join([first, *rest])
    yield first + "".join(word.capitalize() for word in rest)
    yield flag.strip("-")
