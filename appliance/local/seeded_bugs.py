"""Puts small faults into copies of repositories, always the same ones, and tells of them as programs do.

Each fault is one line of one function: a comparison turned around, a bound off by one, a condition
negated, a value dropped. A stack trace in the form of the language points to the line.
"""

from __future__ import annotations

import math
import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.chunking.faults import fault_lines

LANGUAGES = {".py": "python", ".js": "javascript", ".go": "go", ".rs": "rust", ".c": "c"}
FUNCTIONS = {
    "python": re.compile(r"^\s*(?:async )?def (\w+)\("),
    "javascript": re.compile(r"^function (\w+) ?\(|^(?:\w+\.){1,3}(\w+) = function\b"),
    "go": re.compile(r"^func (?:\([^)]*\) )?(\w+)\("),
    "rust": re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?fn (\w+)[(<]"),
    "c": re.compile(r"^(?:static )?\w[\w *]* \*?(\w+)\([^;]*\) \{$"),
}
MUTATIONS = (
    ("comparison", re.compile(r" == "), " != "),
    ("comparison", re.compile(r" != "), " == "),
    ("off by one", re.compile(r" >= "), " > "),
    ("off by one", re.compile(r" <= "), " < "),
    ("off by one", re.compile(r" \+ 1\b"), " + 2"),
    ("off by one", re.compile(r" > "), " >= "),
    ("condition", re.compile(r"\bif not "), "if "),
    ("condition", re.compile(r" && "), " || "),
    ("condition", re.compile(r" and "), " or "),
    ("value", re.compile(r"\breturn True\b"), "return False"),
    ("value", re.compile(r"\btrue\b"), "false"),
    ("value", re.compile(r"\breturn (?=\w+$)"), ""),
    ("dropped", re.compile(r"\bawait "), ""),
)
LONGEST_FUNCTION = 60
AROUND = 4  # lines of the function before the fault, so that a patch has lines around


@dataclass(frozen=True, slots=True)
class Bug:
    number: int
    repository: str
    path: str
    language: str
    kind: str
    function: str
    line: int
    wrong: str  # the line as it is
    right: str  # as it was
    document: tuple[str, ...]  # all lines, with the fault

    @property
    def question(self) -> str:
        return f"Bug number {self.number}. Please fix this.\n\n{self.trace()}"

    def trace(self, shift: int = 0) -> str:
        """Return what the program says; `shift`: lines by which its version is another."""
        path = f"/srv/build/{self.repository}/{self.path}"
        line = self.line + shift
        if self.language == "python":
            return (
                f"Traceback (most recent call last):\n"
                f'  File "/srv/build/run_it.py", line 3, in <module>\n    main()\n'
                f'  File "{path}", line {line}, in {self.function}\n    {self.wrong.strip()}\n'
                "ValueError: not what was expected"
            )
        forms = {
            "javascript": "TypeError: not what was expected\n    at {f} ({p}:{n}:5)\n"
            "    at node:internal/main/run_main_module:23:47",
            "go": "panic: not what was expected\n\ngoroutine 1 [running]:\nmain.{f}(0xc000012345)\n"
            "\t{p}:{n} +0x1d\nexit status 2",
            "rust": "thread 'main' panicked at 'not what was expected'\nstack backtrace:\n"
            "   0: app::{f}\n             at {p}:{n}:9",
            "c": "==7==ERROR: AddressSanitizer: SEGV on unknown address\n    #0 0x4f1 in {f} {p}:{n}:3",
        }
        return forms[self.language].format(f=self.function, p=path, n=line)


def seed(repositories: dict[str, Path], count: int) -> list[Bug]:
    """Put so many faults into work trees, as evenly as their files allow, and commit them."""
    bugs: list[Bug] = []
    for at, (name, tree) in enumerate(sorted(repositories.items())):
        each = math.ceil((count - len(bugs)) / (len(repositories) - at))
        chance = random.Random(name)  # noqa: S311  a script, not a secret
        files = [path for path in sorted(tree.rglob("*")) if path.suffix in LANGUAGES]
        chance.shuffle(files)
        of_one = 0
        for path in files:
            if of_one == each:
                break
            if bug := _put_into(path, tree, name, len(bugs) + 1, chance):
                bugs.append(bug)
                of_one += 1
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        command = ["git", *identity, "commit", "--quiet", "--all", "--message=Work in progress"]
        if of_one:
            subprocess.run(command, cwd=tree, check=True)
    return bugs


def _put_into(
    path: Path, tree: Path, repository: str, number: int, chance: random.Random
) -> Bug | None:
    relative = path.relative_to(tree).as_posix()
    if re.search(r"(?:^|/)(?:tests?|examples?|benches|fuzz)/|_test\.|test_", relative):
        return None
    try:
        lines = path.read_text("utf-8").split("\n")
    except UnicodeDecodeError:
        return None
    language = LANGUAGES[path.suffix]
    options = list(_options(lines, language))
    chosen = None
    while options and chosen is None:
        chosen = chance.choice(options)
        if not _is_parsed(lines, chosen[1], language):
            options.remove(chosen)
            chosen = None
    if chosen is None:
        return None
    function, at, kind, wrong = chosen
    right, lines[at] = lines[at], wrong
    path.write_text("\n".join(lines), "utf-8")
    return Bug(
        number,
        repository,
        relative,
        language,
        kind,
        function,
        at + 1,
        wrong,
        right,
        tuple(lines),
    )


def _options(lines: Sequence[str], language: str) -> Iterator[tuple[str, int, str, str]]:
    """Yield function, place, kind and line of each fault that could be made."""
    function, begun = "", 0
    for at, line in enumerate(lines):
        if found := FUNCTIONS[language].match(line):
            function, begun = next(name for name in found.groups() if name), at
        elif function and AROUND <= at - begun <= LONGEST_FUNCTION and _is_code(line):
            for kind, form, other in MUTATIONS:
                wrong = form.sub(other, line, count=1)
                if wrong != line and wrong.strip():
                    yield function, at, kind, wrong
                    break


def _is_parsed(lines: Sequence[str], at: int, language: str) -> bool:
    """Return whether a parser minds what stands in a line: within a string of several lines, such
    as a shell script in Python, it takes anything, and no change of it can be told to be broken."""
    broken = [*lines[:at], f"{lines[at]} (((", *lines[at + 1 :]]
    before = fault_lines("\n".join(lines), language) or []
    return len(fault_lines("\n".join(broken), language) or []) > len(before)


def _is_code(line: str) -> bool:
    stripped = line.strip()
    begins = ("#", "//", "*", "/*", '"', "'", "fn ", "let else")
    return len(stripped) > 8 and not stripped.startswith(begins) and '"' not in stripped
