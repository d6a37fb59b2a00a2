"""The training itself: runs inside the environment of quantization, on a card or on the processor."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from inference.adapting.lesson import Lesson
from inference.adapting.recipe import MATRICES, Recipe
from inference.quantization.comparison.loaded import load_model

LONGEST_GRADIENT = 1.0
WARM_UP = 0.1  # of the steps, in which the learning rate rises


class Learner:
    """A model with an adapter that learns; the model's own weights stay as they are."""

    def __init__(self, folder: Path, recipe: Recipe, device: str) -> None:
        torch.manual_seed(recipe.seed)
        model, _ = load_model(folder, torch.float32 if device == "cpu" else torch.bfloat16)
        model.to(device)
        wanted = LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=list(MATRICES),
            bias="none",
            task_type="CAUSAL_LM",
        )
        self._model: Any = get_peft_model(model, wanted)
        self._recipe, self._device = recipe, device

    def loss(self, lessons: Sequence[Lesson]) -> float:
        """Return the mean loss of a token of the answers."""
        self._model.eval()
        total = tokens = 0.0
        with torch.inference_mode():
            for lesson in lessons:
                total += float(self._loss(lesson, "sum"))
                tokens += len(lesson.tokens) - lesson.prompt_tokens
        return total / tokens

    def learn(self, lessons: Sequence[Lesson], tell: Callable[[str], None]) -> int:
        """Go through the lessons; `tell` gets a line now and then. Return how many steps it took."""
        recipe = self._recipe
        trained = [one for one in self._model.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=recipe.learning_rate, weight_decay=0.0)
        batches = list(_batches(lessons, recipe))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: _share(step, len(batches))
        )
        self._model.train()
        began = time.monotonic()
        for number, batch in enumerate(batches, 1):
            losses = []
            for lesson in batch:
                loss = self._loss(lesson, "mean") / len(batch)
                loss.backward()
                losses.append(float(loss))
            torch.nn.utils.clip_grad_norm_(trained, LONGEST_GRADIENT)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            left = (time.monotonic() - began) / number * (len(batches) - number)
            tell(
                f"step {number} of {len(batches)}: loss {sum(losses):.3f}, {left / 60:.0f} min left"
            )
        return len(batches)

    def save(self, folder: Path) -> None:
        """Write PEFT's two files: the configuration, and the weights in safetensors."""
        self._model.save_pretrained(folder, safe_serialization=True)

    def _loss(self, lesson: Lesson, reduction: str) -> Any:
        tokens = torch.tensor([lesson.tokens], device=self._device)
        scores = self._model(tokens).logits[0, lesson.prompt_tokens - 1 : -1].float()
        wanted = tokens[0, lesson.prompt_tokens :]
        return torch.nn.functional.cross_entropy(scores, wanted, reduction=reduction)


def _batches(lessons: Sequence[Lesson], recipe: Recipe) -> Sequence[Sequence[Lesson]]:
    chance = random.Random(recipe.seed)  # noqa: S311 - an order that can be repeated, not a secret
    batches: list[Sequence[Lesson]] = []
    for _ in range(recipe.epochs):
        shuffled = chance.sample(list(lessons), len(lessons))
        batches += [
            shuffled[at : at + recipe.at_once] for at in range(0, len(shuffled), recipe.at_once)
        ]
    return batches


def _share(step: int, steps: int) -> float:
    """Return the share of the learning rate at a step: up at first, then down in a straight line."""
    rising = max(1, round(WARM_UP * steps))
    if step < rising:
        return (step + 1) / rising
    return max(0.05, (steps - step) / max(1, steps - rising))
