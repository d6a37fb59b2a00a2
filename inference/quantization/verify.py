"""Before against after: measures both models, writes the report, and promotes the quantized one or not."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tokenizers import Tokenizer

from inference.errors import QuantizationFailed
from inference.fetching import sha256_of
from inference.quantization.calibration import read_texts
from inference.quantization.comparison.human_eval import find_sandbox, problems
from inference.quantization.comparison.judging import compare
from inference.quantization.comparison.measuring import (
    Examination,
    Examined,
    measure,
    prepare,
    weight_bytes_of,
)
from inference.quantization.comparison.report import told, write_report
from inference.quantization.comparison.values import Bars, Comparison
from inference.serving.manifest import NAME, Manifest, check_safe, verify_folder, write_manifest

VOCABULARY = "tokenizer.json"
Load = Callable[[Path], Examined]


@dataclass(frozen=True, slots=True)
class Question:
    """Which two models are compared, on what, and how much of it."""

    before: Path
    after: Path
    held_out: tuple[Path, ...]
    report: Path  # folder
    windows: int = 16  # of each part
    window_tokens: int = 512
    answers: int = 16
    problems: int = 164


def verify(question: Question, load: Load, bars: Bars, tell: Callable[[str], None]) -> Comparison:
    """Compare, write the report and the manifest of the quantized model; return what came out.

    Raises QuantizationFailed when the two cannot be compared, ModelFilesInvalid when one is not what its
    manifest says.
    """
    tell("hashing both models")
    manifest = _checked(question)
    examination, tokenizer = _examination(question)
    measured, how = [], ""
    for folder in (question.before, question.after):
        tell(f"loading {folder.name}")
        model = load(folder)
        how = model.how
        measured.append(
            measure(
                model,
                examination,
                tokenizer,
                weight_bytes=weight_bytes_of(folder),
                tell=_named(folder, tell),
            )
        )
        del model
        gc.collect()  # the second one needs the room
    comparison = compare(measured[0], measured[1], bars=bars, how=how)
    write_report(
        question.report, comparison, before=question.before.name, after=question.after.name
    )
    _decide(question, manifest, comparison)
    return comparison


def _checked(question: Question) -> Manifest:
    """Return the manifest of the quantized model, both models being what they should be."""
    manifest = verify_folder(question.after)
    if not manifest.quantization:
        raise QuantizationFailed(f"{question.after} is not quantized")
    if (question.before / NAME).exists():
        verify_folder(question.before)
    else:
        check_safe(question.before)
    if sha256_of(question.before / VOCABULARY) != sha256_of(question.after / VOCABULARY):
        raise QuantizationFailed(
            "the two models have different tokenizers: they cannot be compared"
        )
    return manifest


def _examination(question: Question) -> tuple[Examination, Tokenizer]:
    asked = problems(question.problems) if question.problems else []
    sandbox = find_sandbox() if asked else None  # before minutes of reading
    tokenizer = Tokenizer.from_file(str(question.before / VOCABULARY))
    texts = [text for file in question.held_out for text in read_texts(file)]
    examination = prepare(
        texts,
        tokenizer,
        windows=question.windows,
        window_tokens=question.window_tokens,
        answers=question.answers,
        problems=asked,
        sandbox=sandbox,
    )
    return examination, tokenizer


def _decide(question: Question, manifest: Manifest, comparison: Comparison) -> None:
    report = {
        **manifest.report,
        "verification": told(comparison),
        "held_out_sha256": [sha256_of(file) for file in question.held_out],
        "refused": list(comparison.refused),
    }
    write_manifest(question.after, replace(manifest, report=report, promoted=comparison.promoted))


def _named(folder: Path, tell: Callable[[str], None]) -> Callable[[str], None]:
    return lambda line: tell(f"{folder.name}: {line}")
