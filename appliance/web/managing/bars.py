"""Counts by day as bars of plain SVG: drawn on the server, coloured by the page's own tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 18
GAP = 0.25  # of the place of a bar
STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a bar, in the units of the drawing."""

    number: int  # of its series: chooses colour and pattern
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Rule:
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Series stacked on each other, by day, oldest first."""

    title: str
    description: str
    key: tuple[tuple[int, str, int], ...]  # number, name and total of each series
    bars: tuple[Bar, ...]
    rules: tuple[Rule, ...]
    first: str
    last: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def bars_of(title: str, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> Bars | None:
    """Return the drawing of counts over the same days; None when all of them are nought."""
    sums = [sum(values) for values in zip(*series.values(), strict=True)]
    if not any(sums):
        return None
    top = _round_up(max(sums))
    scale = (HEIGHT - TOP - BOTTOM) / top
    place = (WIDTH - LEFT - RIGHT) / len(labels)
    bars: list[Bar] = []
    for day, label in enumerate(labels):
        base = float(HEIGHT - BOTTOM)
        for number, (name, values) in enumerate(series.items(), start=1):
            height = values[day] * scale
            base -= height
            if height:
                x = LEFT + place * (day + GAP / 2)
                bars.append(Bar(number, round(x, 1), round(base, 1), round(place * (1 - GAP), 1),
                                round(height, 1), f"{label}: {values[day]} {name}"))  # fmt: skip
    key = tuple((n, name, sum(values)) for n, (name, values) in enumerate(series.items(), start=1))
    told = ", ".join(f"{total} {name}" for _, name, total in key)
    rules = tuple(Rule(_y(value, top), f"{value:g}") for value in (0, top / 2, top))
    return Bars(title, f"{len(labels)} days: {told}.", key, tuple(bars), rules,
                labels[0], labels[-1])  # fmt: skip


def _round_up(most: int) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50 ...: a scale that people can halve in their heads."""
    power = 10 ** int(log10(most))
    return max(2, next(step * power for step in STEPS if step * power >= most))


def _y(value: float, top: int) -> int:
    return ceil(TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM))
