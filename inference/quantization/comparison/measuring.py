"""Measures one model: held-out code, greedy answers, HumanEval, tokens a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from inference.errors import QuantizationFailed
from inference.quantization.calibration import Text, windows_of
from inference.quantization.comparison.human_eval import Problem, Sandbox, solved, until_stop
from inference.quantization.comparison.values import Measured, Reading, Tokens, Written

PROMPT_TOKENS = 128
ANSWER_TOKENS = 64
FUNCTION_TOKENS = 320  # most solutions are shorter than 200


class Examined(Protocol):
    """A model that can be read with and asked."""

    @property
    def how(self) -> str: ...

    def read(self, window: Tokens) -> Reading: ...

    def write(
        self, prompts: Sequence[Tokens], most: int, is_done: Callable[[Tokens], bool] | None = None
    ) -> list[Written]: ...


@dataclass(frozen=True, slots=True)
class Examination:
    """What both models are given."""

    windows: Mapping[str, Sequence[Tokens]]  # held-out code by part
    prompts: Sequence[Tokens]
    problems: Sequence[Problem]
    sandbox: Sandbox | None  # where what is written is run; there where there are problems


def prepare(
    texts: Sequence[Text],
    tokenizer: Tokenizer,
    *,
    windows: int,
    window_tokens: int,
    answers: int,
    problems: Sequence[Problem],
    sandbox: Sandbox | None,
) -> Examination:
    """Cut the held-out texts. Raises QuantizationFailed where one may have been calibrated with."""
    if any(not text.is_held_out for text in texts):
        raise QuantizationFailed(
            "some of the held-out text may have been calibrated with: give the file "
            "`held-out.jsonl` that `calibrate` wrote"
        )
    by_part: dict[str, list[Tokens]] = {}
    for part in dict.fromkeys(text.part for text in texts):
        of_part = [text.text for text in texts if text.part == part]
        tokens = [one.ids for one in tokenizer.encode_batch(of_part, add_special_tokens=False)]
        by_part[part] = windows_of(tokens, count=windows, tokens=window_tokens)
    prompts = [window[:PROMPT_TOKENS] for part in by_part.values() for window in part]
    step = max(1, len(prompts) // answers) if answers else 1
    return Examination(by_part, prompts[::step][:answers], problems, sandbox)


def measure(
    model: Examined,
    examination: Examination,
    tokenizer: Tokenizer,
    *,
    weight_bytes: int,
    tell: Callable[[str], None],
) -> Measured:
    readings = {}
    for part, windows in examination.windows.items():
        tell(f"reading {len(windows)} windows of held-out text ({part})")
        readings[part] = [model.read(window) for window in windows]
    tell(f"writing {len(examination.prompts)} answers")
    answers = [one.tokens for one in model.write(examination.prompts, ANSWER_TOKENS)]
    alone = model.write(examination.prompts[:1], ANSWER_TOKENS)
    speed = [len(one.tokens) / one.seconds for one in alone if one.seconds]
    return Measured(
        readings=readings,
        answers=answers,
        passed=_human_eval(model, examination, tokenizer, tell),
        tokens_per_s=round(speed[0], 2) if speed else 0.0,
        weight_bytes=weight_bytes,
    )


def weight_bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def _human_eval(
    model: Examined, examination: Examination, tokenizer: Tokenizer, tell: Callable[[str], None]
) -> dict[str, bool]:
    problems, sandbox = examination.problems, examination.sandbox
    if not problems or sandbox is None:
        return {}
    tell(f"writing {len(problems)} functions of HumanEval")

    def is_done(tokens: Tokens) -> bool:
        text: str = tokenizer.decode(list(tokens))
        return until_stop(text) != text

    asked = tokenizer.encode_batch([one.prompt for one in problems], add_special_tokens=False)
    written = model.write([tuple(one.ids) for one in asked], FUNCTION_TOKENS, is_done)
    completions = {
        problem.name: tokenizer.decode(list(one.tokens))
        for problem, one in zip(problems, written, strict=True)
    }
    return solved(completions, problems, sandbox, tell)
