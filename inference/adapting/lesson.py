"""From pairs to tokens, as the served model will see them: through its own chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from inference.adapting.pairs import TrainingPair
from inference.errors import AdapterFailed

TEMPLATE, VOCABULARY = "chat_template.jinja", "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A prompt with its answer; only the answer is learned."""

    tokens: tuple[int, ...]
    prompt_tokens: int


def lessons_of(model: Path, pairs: Sequence[TrainingPair], *, longest: int) -> list[Lesson]:
    """Return the pairs as tokens, in their order; longer ones than `longest` are left out."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    try:
        template = environment.from_string((model / TEMPLATE).read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_file(str(model / VOCABULARY))
        lessons = [_lesson(pair, template, tokenizer) for pair in pairs]
    except (OSError, TemplateError) as exc:
        raise AdapterFailed(f"the chat template of {model} cannot be used: {exc}") from exc
    return [one for one in lessons if len(one.tokens) <= longest]


def _lesson(pair: TrainingPair, template: object, tokenizer: Tokenizer) -> Lesson:
    system = [{"role": "system", "content": pair.system}] if pair.system else []
    asked = [*system, {"role": "user", "content": pair.prompt}]
    answered = [*asked, {"role": "assistant", "content": pair.answer}]
    prompt = template.render(messages=asked, add_generation_prompt=True)  # type: ignore[attr-defined]
    whole = template.render(messages=answered, add_generation_prompt=False)  # type: ignore[attr-defined]
    if not whole.startswith(prompt):
        raise AdapterFailed("the chat template writes a prompt in another way once it is answered")
    before = tokenizer.encode(prompt, add_special_tokens=False).ids
    answer = tokenizer.encode(whole[len(prompt) :], add_special_tokens=False).ids
    return Lesson((*before, *answer), len(before))
