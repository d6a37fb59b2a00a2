"""Records questions that are asked on the command line, and the evidence that is given to them."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.audit.actions import Action
from appliance.audit.policy import told
from appliance.audit.recording import Target, record
from appliance.conversations.answering.events import Question
from appliance.conversations.evidence import EvidenceLines
from appliance.sources.grounds import operator_grounds


def record_asked(question: Question, person: str) -> None:
    """Record a question, asked as this person or, of none, as the operator."""
    details = {
        **told(question.text),
        "as": person,
        "mode": question.mode,
        "sources": list(question.source_names),
        "ref": question.ref,
    }
    record(Action.ASKED, target=Target("command", name="ask"), details=details)


def record_given(evidence: Iterable[EvidenceLines]) -> None:
    grounds = operator_grounds()
    shown = [
        grounds.lines(one.source, one.path, one.span.start_line, one.span.end_line, one.commit)
        for one in evidence
    ]
    record(Action.SHOWN, target=Target("command", name="ask"), shown=shown)
