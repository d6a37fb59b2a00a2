"""One question from being asked to being graded, and the line that is written of it."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.conversations.evaluating.asking import ask
from appliance.conversations.evaluating.grading import Grade, grade
from appliance.conversations.evaluating.judge import judged
from appliance.conversations.evaluating.questions import AnswerQuestion
from indexer.scope import Scope


def asked_and_graded(
    question: AnswerQuestion, scope: Scope, source_names: Sequence[str] = ()
) -> tuple[dict[str, object], Grade]:
    """Return the line of a results file, and what the answer is worth.

    The line begins as those of search do, with `id` and `hits`: scripts rely on it.
    """
    given = ask(question, scope=scope, source_names=source_names)
    graded = grade(given, judged(given))
    line: dict[str, object] = {
        "id": question.golden.id,
        "hits": given.hits_json(),
        "answer": given.text,
        "citations": given.cited_json(),
        "error": given.error,
        "seconds": given.seconds,
        **graded.to_json(),
    }
    return line, graded
