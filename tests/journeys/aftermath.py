"""What comes after an answer: cited lines that changed, feedback, a curator's correction."""

from __future__ import annotations

from appliance.accounts.models import User
from appliance.conversations.curating.deciding import Correction, resolve
from appliance.conversations.curating.giving import give_feedback
from appliance.conversations.curating.places import find_place
from appliance.conversations.evidence import hash_lines
from appliance.conversations.living.looking import look_around
from appliance.conversations.models import Evidence, Message, MessageEvidence, Thread
from appliance.sources.access import scope_of
from indexer.models import Blob, Document, Ref, Source

OLD_ERRORS = """\"\"\"Errors.\"\"\"

from tidewatch.gauges import GaugeTrouble


class GaugeSilent(GaugeTrouble):
    \"\"\"The gauge did not answer the last attempt either.\"\"\"
"""
OLD_CLIENT_LINES = 2  # that stood above the client's code


def outdated_answer(owner: User, source: Source) -> Message:
    """Make an answer whose citations changed, moved and went, and look at them."""
    thread = Thread.objects.create(owner=owner, title="What is raised by a silent gauge?")
    asked = Message.objects.create(
        thread=thread, role="question", text="What is raised when a gauge stays silent?"
    )
    answer = Message.objects.create(
        thread=thread,
        parent=asked,
        role="answer",
        text="`GaugeSilent` is raised [E1], after the last of `RETRIES` attempts [E2]. [E3] names it.",
        receipt={"given": 3, "hits": 3, "legs": ["lexical"]},
        seconds=4.2,
    )
    live = Ref.objects.get(source=source, is_default=True)
    client = Document.objects.get(
        source=source, path="tidewatch/client.py", refs__contains=[live.pk]
    ).blob
    shifted = "\n" * OLD_CLIENT_LINES + client.text
    for handle, path, text, lines in (
        ("E1", "tidewatch/errors.py", OLD_ERRORS, (6, 7)),
        ("E2", "tidewatch/client.py", shifted, (14, 15)),
        ("E3", "docs/old-errors.md", "# Errors\n\nA silent gauge is an error.\n", (1, 3)),
    ):
        _cite(answer, source, (handle, path, text), lines)
    look_around()
    return answer


def _cite(answer: Message, source: Source, what: tuple[str, str, str], at: tuple[int, int]) -> None:
    """Let the answer cite lines of a document that is not live any more."""
    handle, path, text = what
    blob = Blob.objects.create(
        oid=hash_lines([path, text])[:40], size_bytes=len(text), text=text, language="python"
    )
    evidence = Evidence.objects.create(
        source=source,
        commit="d" * 40,
        path=path,
        blob=blob,
        start_line=at[0],
        end_line=at[1],
        line_hash=hash_lines(text.split("\n")[at[0] - 1 : at[1]]),
    )
    for role in ("in_prompt", "cited"):
        MessageEvidence.objects.create(
            message=answer, evidence=evidence, handle=handle, role=role, note=_note(handle)
        )


def _note(handle: str) -> str:
    return "Curated by staff on 2026-01-05: the class is raised once." if handle == "E1" else ""


def corrected_cases(people: dict[str, User], source: Source) -> Message:
    """Have one answer found wrong and another corrected; return the one that waits."""
    answers = Message.objects.filter(role="answer", state="done", not_found=False)
    waiting, resolved = answers.order_by("created_at")[:2]
    give_feedback(
        people["owner"],
        waiting,
        is_good=False,
        reasons=["wrong", "incomplete"],
        comment="The pause is longer since spring, see the settings.",
    )
    give_feedback(people["owner"], resolved, is_good=False, reasons=["outdated"])
    staff = people["staff"]
    place = find_place(scope_of(staff), source.name, "tidewatch/client.py", (12, 13))
    resolve(
        staff,
        resolved,
        Correction(
            "What is raised when a gauge stays silent?",
            place,
            answer="`GaugeSilent`, after four attempts.",
            note="The number of attempts is a constant.",
        ),
    )
    return waiting
