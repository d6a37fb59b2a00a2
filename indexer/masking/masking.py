"""The door of the package: a text in, the same lines without secrets and invisible characters out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from indexer.masking.characters import neutralise
from indexer.masking.secrets import find_secrets

MAX_FINDINGS = 200  # of one text; all are masked, so many are listed


@dataclass(frozen=True, slots=True)
class MaskFinding:
    """That something was there; never what."""

    kind: Literal["secret", "invisible"]
    rule: str
    line: int


@dataclass(frozen=True, slots=True)
class Masked:
    text: str  # as many lines as before
    findings: tuple[MaskFinding, ...]


def mask(text: str, path: str) -> Masked:
    """Return the text as it may be stored, and what was found; no value is kept anywhere."""
    text, invisible = neutralise(text)
    findings = [MaskFinding("invisible", rule, line) for rule, line in invisible]
    pieces: list[str] = []
    end = 0
    line = 1
    for secret in find_secrets(text, path):
        pieces.append(text[end : secret.start])
        line += text.count("\n", end, secret.start)
        hidden = text[secret.start : secret.end]
        # A key of many lines keeps its lines, so that every later number stays right.
        pieces.append(f"[SECRET:{secret.rule}]" + "\n" * hidden.count("\n"))
        findings.append(MaskFinding("secret", secret.rule, line))
        line += hidden.count("\n")
        end = secret.end
    pieces.append(text[end:])
    return Masked("".join(pieces), tuple(_first(findings)))


def _first(findings: Iterable[MaskFinding]) -> list[MaskFinding]:
    distinct = dict.fromkeys(findings)
    return sorted(distinct, key=lambda found: (found.line, found.rule))[:MAX_FINDINGS]
