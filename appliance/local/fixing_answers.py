"""A scripted model for measuring patches: it knows each seeded fault, and writes well or badly.

How it writes the change is its plan: `good` as git would; `numbers`, `prefix`, `blanks`, `indent` and
`pair` in the ways in which models get it nearly right; `text`, `syntax` and `path` so that it must
not be taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from appliance.local.seeded_bugs import Bug
from inference.protocol import ChatMessage
from inference.testing import FakeModel

# In these shares of thirty: 8 good, 14 sloppy, 8 broken.
PLANS = (
    "good", "numbers", "text", "prefix", "good", "blanks", "syntax", "pair", "good", "indent",
    "path", "numbers", "good", "blanks", "text", "good", "prefix", "pair", "syntax", "numbers",
    "good", "indent", "path", "blanks", "good", "numbers", "text", "pair", "good", "syntax",
)  # fmt: skip
BROKEN = frozenset({"text", "syntax", "path"})
CONTEXT = 3
NUMBER = re.compile(r"Bug number (\d+)\.")


def plan_of(bug: Bug) -> str:
    return PLANS[(bug.number - 1) % len(PLANS)]


class FixingModel(FakeModel):
    """Answers by the number of the fault; when it is shown its change again, as git would."""

    def __init__(self, bugs: Sequence[Bug]) -> None:
        super().__init__()
        self.bugs = {bug.number: bug for bug in bugs}

    def answer(self, messages: Sequence[ChatMessage]) -> str:
        asked = NUMBER.search("\n".join(message.content for message in messages))
        if asked is None:
            return "Nothing."
        bug = self.bugs[int(asked[1])]
        plan = "good" if messages[-2].role == "assistant" else plan_of(bug)
        return f"`{bug.function}` is wrong there [E1].\n\n{written(bug, plan)}\n"


def written(bug: Bug, plan: str) -> str:
    """Return the block with the change, written by a plan."""
    return _WRITERS.get(plan, _good)(bug)


def raw_diff(bug: Bug, plan: str) -> str:
    """Return what stands between the fences: what would be given to git as it is."""
    return written(bug, plan).partition("\n")[2].rpartition("\n")[0] + "\n"


def _hunk(bug: Bug, old: Callable[[str], str] = str, new: str | None = None) -> list[str]:
    first = max(0, bug.line - 1 - CONTEXT)
    before = [f" {old(line)}" for line in bug.document[first : bug.line - 1]]
    after = [f" {old(line)}" for line in bug.document[bug.line : bug.line + CONTEXT]]
    right = bug.right if new is None else new
    return [*before, f"-{old(bug.wrong)}", f"+{old(right)}", *after]


def _diff(
    bug: Bug, hunk: Sequence[str], *, path: str = "", at: int = 0, prefix: bool = True
) -> str:
    path = path or bug.path
    first = at or max(1, bug.line - CONTEXT)
    old = sum(line[:1] != "+" for line in hunk)
    new = sum(line[:1] != "-" for line in hunk)
    heads = (f"--- a/{path}", f"+++ b/{path}") if prefix else (f"--- {path}", f"+++ {path}")
    counts = f"@@ -{first},{old} +{first},{new} @@"
    return "\n".join(["```diff", *heads, counts, *hunk, "```"])


def _good(bug: Bug) -> str:
    return _diff(bug, _hunk(bug))


def _numbers(bug: Bug) -> str:
    text = _diff(bug, _hunk(bug), at=bug.line + 211)
    return re.sub(
        r"^@@ -(\d+),\d+ \+(\d+),\d+ @@$", r"@@ -\1,99 +\2,7 @@", text, flags=re.MULTILINE
    )


def _prefix(bug: Bug) -> str:
    return _diff(bug, _hunk(bug), prefix=False)


def _blanks(bug: Bug) -> str:
    """Lose the blank in front of unchanged lines."""
    return _diff(bug, [line[1:] if line.startswith(" ") else line for line in _hunk(bug)])


def _indent(bug: Bug) -> str:
    """Take the indentation away that all lines have."""
    return _diff(bug, _hunk(bug, old=lambda line: line[2:] if line[:2].isspace() else line))


def _pair(bug: Bug) -> str:
    lines = _hunk(bug)
    old = [line[1:] for line in lines if not line.startswith("+")]
    new = [line[1:] for line in lines if not line.startswith("-")]
    body = [bug.path, "<<<<<<< SEARCH", *old, "=======", *new, ">>>>>>> REPLACE"]
    return "\n".join(["```", *body, "```"])


def _text(bug: Bug) -> str:
    """Change lines that do not stand there."""
    return _diff(bug, _hunk(bug, old=lambda line: f"{line} quite_other_words()"))


def _syntax(bug: Bug) -> str:
    return _diff(bug, _hunk(bug, new=f"{bug.right} ((("))


def _path(bug: Bug) -> str:
    return _diff(bug, _hunk(bug), path=f"elsewhere/not_{bug.path.rpartition('/')[2]}")


_WRITERS: dict[str, Callable[[Bug], str]] = {
    "good": _good, "numbers": _numbers, "prefix": _prefix, "blanks": _blanks, "indent": _indent,
    "pair": _pair, "text": _text, "syntax": _syntax, "path": _path,
}  # fmt: skip
