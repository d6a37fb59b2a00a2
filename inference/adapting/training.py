"""From pairs to an adapter's folder with a manifest: what it learned from, and whether it is better for it."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from inference.adapting.lesson import Lesson, lessons_of
from inference.adapting.pairs import TrainingPair, read_pairs
from inference.adapting.recipe import Recipe
from inference.errors import AdapterFailed
from inference.fetching import sha256_of
from inference.quantization.folders import described, identity_of
from inference.serving.manifest import ADAPTER_CONFIG, Manifest, make_manifest, write_manifest

MOST_HELD_OUT = 64  # pairs to measure with


class Learns(Protocol):
    def loss(self, lessons: Sequence[Lesson]) -> float: ...

    def learn(self, lessons: Sequence[Lesson], tell: Callable[[str], None]) -> int: ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Order:
    """Which model learns what, into which folder."""

    model: Path
    out: Path
    pairs: tuple[Path, ...]
    licence: str = ""  # of a model without a manifest
    origin: str = ""


def train(
    order: Order,
    recipe: Recipe,
    learner_of: Callable[[Path, Recipe], Learns],
    tell: Callable[[str], None],
) -> Manifest:
    """Train an adapter and measure it on pairs that it never saw; return its manifest.

    It is promoted when it expects their answers better than the model alone. Raises AdapterFailed.
    """
    if order.out.exists():
        raise AdapterFailed(f"{order.out} exists: name another folder, or remove it")
    tell("hashing the model")
    base = described(order.model, licence=order.licence, origin=order.origin)
    if base.quantization:
        raise AdapterFailed(
            f"{order.model} is quantized: train with the model that it was made from; the adapter is served with either"
        )
    pairs = [pair for file in order.pairs for pair in read_pairs(file)]
    kept = _drawn([pair for pair in pairs if not pair.is_held_out], recipe.most_pairs, recipe)
    apart = _drawn([pair for pair in pairs if pair.is_held_out], MOST_HELD_OUT, recipe)
    lessons = lessons_of(order.model, kept, longest=recipe.longest)
    held_out = lessons_of(order.model, apart, longest=recipe.longest)
    if not lessons or not held_out:
        raise AdapterFailed(
            f"of {len(pairs)} pairs {len(lessons)} are left to learn from and {len(held_out)} to measure with: "
            "export more, or allow longer ones with --longest"
        )
    tell(f"{len(lessons)} pairs to learn from, {len(held_out)} kept apart")
    learner = learner_of(order.model, recipe)
    before, began = learner.loss(held_out), time.monotonic()
    tell(f"loss on pairs kept apart, before: {before:.4f}")
    steps = learner.learn(lessons, tell)
    seconds, after = round(time.monotonic() - began, 1), learner.loss(held_out)
    tell(f"loss on pairs kept apart, after: {after:.4f}")
    report = {
        "recipe": asdict(recipe),
        "base": {"name": base.name, "files_sha256": identity_of(base)},
        "pairs": dict(Counter(pair.kind for pair in kept)),
        "pairs_sha256": [sha256_of(file) for file in order.pairs],
        "learned": len(lessons), "held_out": len(held_out),
        "loss_before": round(before, 4), "loss_after": round(after, 4),
        "steps": steps, "seconds": seconds,
        "refused": [] if after < before else [f"its loss went from {before:.4f} to {after:.4f}"],
    }  # fmt: skip
    sources = sorted({pair.source for pair in [*kept, *apart]})
    return _placed(order, learner, base, report, sources)


def _drawn(pairs: Sequence[TrainingPair], most: int, recipe: Recipe) -> list[TrainingPair]:
    chance = random.Random(recipe.seed)  # noqa: S311 - a draw that can be repeated, not a secret
    return chance.sample(list(pairs), min(most, len(pairs)))


def _placed(
    order: Order, learner: Learns, base: Manifest, report: dict[str, Any], sources: Sequence[str]
) -> Manifest:
    """Write the folder; it appears under its name when it is complete."""
    part = order.out.with_name(f"{order.out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    learner.save(part)
    (part / "README.md").unlink(missing_ok=True)  # PEFT's form, unfilled
    config = json.loads((part / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base.name  # not where it lay on this machine
    (part / ADAPTER_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    origin = f"trained on {base.name}, whose files have SHA-256 {identity_of(base)}"
    manifest = make_manifest(
        part, name=order.out.name, licence=base.licence, origin=origin, learned_from=sources
    )
    manifest = replace(manifest, report=report, promoted=not report["refused"])
    write_manifest(part, manifest)
    part.rename(order.out)
    return manifest
