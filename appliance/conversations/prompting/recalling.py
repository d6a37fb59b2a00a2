"""What a prompt recalls of the turns before: the newest word for word, of older ones their notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from appliance.conversations.prompting.assembling import note_line
from appliance.conversations.prompting.conversation import EarlierTurn
from appliance.conversations.telling import telling_words
from indexer.lexical.terms import terms

AROUND_A_TURN = 16  # tokens of the chat template
NEWEST = 3  # notes of so many turns come before those that only share words with the question

Count = Callable[[str], int]
Costed = list[tuple[EarlierTurn, int]]  # with tokens, oldest first


def newest_turns(turns: Sequence[EarlierTurn], room: int, count: Count) -> Costed:
    """Return the newest turns that fit, in their order."""
    kept: Costed = []
    for turn in reversed(turns):
        tokens = turn_tokens(turn, count)
        room -= tokens
        if room < 0:
            break
        kept.insert(0, (turn, tokens))
    return kept


def turn_tokens(turn: EarlierTurn, count: Count) -> int:
    return count(f"{turn.question}\n{turn.answer}") + AROUND_A_TURN


def notes_of(question: str, turns: Sequence[EarlierTurn], room: int, count: Count) -> Costed:
    """Return the notes that fit, in their order: of the newest turns, then of those that share the
    most words with the question."""
    noted = [turn for turn in turns if turn.note]
    wanted = _words(question)
    shared = {id(turn): len(wanted & _words(turn.note)) for turn in noted}
    newest = {id(turn) for turn in noted[-NEWEST:]}
    order = sorted(noted, key=lambda t: (id(t) not in newest, -shared[id(t)], -t.number))
    kept: Costed = []
    for turn in order:
        tokens = count(note_line(turn)) + 1
        if tokens <= room:
            kept.append((turn, tokens))
            room -= tokens
    return sorted(kept, key=lambda one: one[0].number)


def _words(text: str) -> frozenset[str]:
    return frozenset(term for word in telling_words(text) for term in terms(word))
