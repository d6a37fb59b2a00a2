"""What goes into answering and what comes out of it, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from appliance.conversations.answering.receipts import Receipt
from appliance.conversations.answering.steps import Step
from appliance.conversations.checking.citations import CompiledAnswer
from appliance.conversations.checking.judging import Judgement
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.modes import Mode
from appliance.conversations.prompting.conversation import EarlierTurn, Pinned
from appliance.conversations.wanted import NOTHING_WANTED, Wanted
from indexer.scope import Scope
from inference.protocol import Usage


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by whom it may be answered from, and what was said before."""

    text: str
    scope: Scope
    turns: tuple[EarlierTurn, ...] = ()
    pinned: tuple[Pinned, ...] = ()
    wanted: Wanted = NOTHING_WANTED
    source_names: tuple[str, ...] = ()
    ref: str = ""  # as of this branch or tag; empty: each source's default
    mode: Mode = Mode.ANSWER
    may_ask_back: bool = True  # not twice in a row
    done: tuple[Step, ...] = ()  # taken before, by a worker that died
    cache_salt: str | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """The search is done; these lines are what was found, or only near to it."""

    query: str
    evidence: tuple[EvidenceLines, ...]
    receipt: Receipt
    is_near_miss: bool = False


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step has begun, or has ended: the latest of a number stands for it."""

    step: Step


@dataclass(frozen=True, slots=True)
class Prompted:
    """The model has been given these lines and nothing else."""

    evidence: tuple[EvidenceLines, ...]
    receipt: Receipt
    prompt: dict[str, object]  # what it was made of: PackedPrompt.to_json
    left_out: tuple[EvidenceLines, ...]  # found, and not given


@dataclass(frozen=True, slots=True)
class Written:
    """A further piece of the answer; the last may be empty, and says that the model has ended."""

    text: str
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """These sentences have ended and are judged; offsets are those of the answer so far."""

    judgements: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The end: the raw text, the compiled answer and what it took."""

    text: str
    compiled: CompiledAnswer
    receipt: Receipt
    offered: tuple[EvidenceLines, ...] = ()  # what stood in the prompt
    steps: tuple[Step, ...] = ()  # of the modes that take several
    patches: tuple[dict[str, Any], ...] = ()  # proposed changes: see fixing.patches.Patch
    not_found: bool = False
    error: str = ""  # a sentence for the reader: why there is no answer, or not a whole one
    usage: Usage | None = None
    seconds: float = 0.0


Event = Searched | Stepped | Prompted | Written | Judged | Answered
