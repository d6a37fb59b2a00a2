"""Which trigrams a text must hold for a pattern to match in it: a tree of AND and OR.

After Russ Cox, "Regular Expression Matching with a Trigram Index" (2012). The one rule: the tree
never refuses a text in which RE2 finds the pattern. What is not understood becomes ANY.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from indexer.codesearch.syntax import Alternative, Letters, Node, Repeat, Sequence, Unknown
from indexer.lexical.trigrams import fold, trigrams_of

MAX_STRINGS = 16  # of a set of strings that is followed exactly
MAX_LENGTH = 64  # of one of them, in bytes
MAX_TRIGRAMS = 24  # of one AND: more of them exclude little
MAX_BRANCHES = 24  # of one OR


@dataclass(frozen=True, slots=True)
class All:
    """Every trigram and every branch; without either it is true of every text."""

    trigrams: frozenset[int] = frozenset()
    branches: frozenset[AnyOf] = frozenset()


@dataclass(frozen=True, slots=True)
class AnyOf:
    branches: frozenset[All]


ANY = All()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of all texts that a part of a pattern matches, folded.

    `exact`: they are these and no others. Otherwise each begins with one of `starts` and ends with
    one of `ends`. `needs` holds whatever else.
    """

    exact: frozenset[bytes] | None
    starts: frozenset[bytes]
    ends: frozenset[bytes]
    needs: All = ANY


NOTHING_KNOWN = Facts(None, frozenset({b""}), frozenset({b""}))
EMPTY = Facts(frozenset({b""}), frozenset({b""}), frozenset({b""}))


def tree_of(node: Node) -> All:
    """Return what a text must hold to be matched by the pattern somewhere."""
    facts = _facts(node)
    if facts.exact is not None:
        return both(facts.needs, _one_of(facts.exact))
    return both(facts.needs, both(_one_of(facts.starts), _one_of(facts.ends)))


def allows(tree: All, folded: bytes) -> bool:
    """Return whether a folded text holds what the tree asks for, as the index decides in SQL.

    Without making all trigrams of the text: those that are asked for are few.
    """
    return all(trigram.to_bytes(3, "big") in folded for trigram in tree.trigrams) and all(
        any(allows(branch, folded) for branch in either.branches) for either in tree.branches
    )


def condition(tree: All) -> tuple[str, list[Any]]:
    """Return the tree as a condition on the column `trigrams`, with its parameters."""
    texts: list[str] = []
    parameters: list[Any] = []
    if tree.trigrams:
        texts.append("trigrams @> %s::int[]")
        parameters.append(sorted(tree.trigrams))
    for either in tree.branches:
        pairs = [condition(branch) for branch in either.branches]
        texts.append("(" + " OR ".join(text for text, _ in pairs) + ")")
        parameters.extend(value for _, values in pairs for value in values)
    return " AND ".join(texts) or "TRUE", parameters


def _facts(node: Node) -> Facts:
    match node:
        case Letters(letters):
            found = frozenset(fold(letter) for letter in letters)
            return _exact(found)
        case Sequence(parts):
            known = EMPTY
            for part in parts:
                known = _then(known, _facts(part))
            return known
        case Alternative(parts):
            return _either([_facts(part) for part in parts])
        case Repeat(part, at_least):
            return _repeated(_facts(part), at_least)
        case Unknown():
            return NOTHING_KNOWN


def _exact(strings: frozenset[bytes], needs: All = ANY) -> Facts:
    """Return facts about exactly these strings; about their ends alone when they are too many."""
    if len(strings) <= MAX_STRINGS and all(len(string) <= MAX_LENGTH for string in strings):
        return Facts(strings, strings, strings, needs)
    needs = both(needs, _one_of(strings))
    return Facts(None, _cut(strings, start=True), _cut(strings, start=False), needs)


def _then(left: Facts, right: Facts) -> Facts:
    needs = both(left.needs, right.needs)
    if left.exact is not None and right.exact is not None:
        return _exact(_joined(left.exact, right.exact), needs)
    # Across the seam: whatever the left ends with is followed by what the right begins with.
    needs = both(needs, _one_of(_joined(left.ends, right.starts)))
    starts = left.starts if left.exact is None else _joined(left.exact, right.starts)
    ends = right.ends if right.exact is None else _joined(left.ends, right.exact)
    if left.exact is None:
        needs = both(needs, _one_of(left.starts))
    if right.exact is None:
        needs = both(needs, _one_of(right.ends))
    return Facts(None, _cut(starts, start=True), _cut(ends, start=False), needs)


def _either(options: list[Facts]) -> Facts:
    exacts = [option.exact for option in options if option.exact is not None]
    if len(exacts) == len(options) and all(option.needs == ANY for option in options):
        return _exact(frozenset().union(*exacts))
    needs = any_of(
        both(option.needs, _one_of(option.exact)) if option.exact is not None else option.needs
        for option in options
    )
    starts = frozenset[bytes]().union(*(option.starts for option in options))
    ends = frozenset[bytes]().union(*(option.ends for option in options))
    return Facts(None, _cut(starts, start=True), _cut(ends, start=False), needs)


def _repeated(facts: Facts, at_least: int) -> Facts:
    if at_least == 0:
        return NOTHING_KNOWN
    if facts.exact is not None:
        return Facts(
            None,
            _cut(facts.exact, start=True),
            _cut(facts.exact, start=False),
            both(facts.needs, _one_of(facts.exact)),
        )
    return Facts(None, facts.starts, facts.ends, facts.needs)


def _joined(left: frozenset[bytes], right: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(a + b for a, b in product(left, right))


def _cut(strings: frozenset[bytes], *, start: bool) -> frozenset[bytes]:
    """Keep little of each string, and less when there are many: a shorter start is still a start."""
    for length in (8, 4, 3, 2, 1):
        kept = frozenset(s[:length] if start else s[-length:] for s in strings)
        if len(kept) <= MAX_STRINGS:
            return kept
    return frozenset({b""})


def _one_of(strings: Iterable[bytes]) -> All:
    return any_of(All(frozenset(trigrams_of(string).tolist())) for string in strings)


def any_of(options: Iterable[All]) -> All:
    """Return what holds of texts of which one of these holds."""
    branches = frozenset(options)
    if len(branches) == 1:
        return next(iter(branches))
    if not branches or ANY in branches or len(branches) > MAX_BRANCHES:
        return ANY
    return All(branches=frozenset({AnyOf(branches)}))


def both(left: All, right: All) -> All:
    """Return what holds of texts of which both hold, or a part of that: it excludes less."""
    trigrams = left.trigrams | right.trigrams
    if len(trigrams) > MAX_TRIGRAMS:
        # From all over the pattern, and the same ones each time.
        step = len(trigrams) / MAX_TRIGRAMS
        ordered = sorted(trigrams)
        trigrams = frozenset(ordered[int(at * step)] for at in range(MAX_TRIGRAMS))
    branches = sorted(left.branches | right.branches, key=lambda either: len(either.branches))
    return All(trigrams, frozenset(branches[:4]))
