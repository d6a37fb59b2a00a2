"""Counts by day as bars of plain SVG: drawn on the server, coloured by the page's own tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 18
GAP = 0.25  # of the place of a bar
STEPS = (1, 2, 4, 6, 8, 10)
PLAIN, SOFT, GOOD, BAD = 1, 2, 3, 4  # the colours of the plots' series, by what they stand for


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a bar, in the units of the drawing."""

    number: int  # of its colour
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Series:
    """What is counted: its name, its colour, and a count for each day."""

    name: str
    number: int
    values: Sequence[int]


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


def bars_of(
    title: str, labels: Sequence[str], series: Sequence[Series], *, unit: str = "days"
) -> Bars | None:
    """Return the drawing of counts over the same days; None when all of them are nought."""
    sums = [sum(values) for values in zip(*(one.values for one in series), strict=True)]
    if not any(sums):
        return None
    top = _round_up(max(sums))
    bars = tuple(bar for day in range(len(labels)) for bar in _day(day, labels, series, top))
    key = tuple((one.number, one.name, sum(one.values)) for one in series)
    told = ", ".join(f"{total} {name}" for _, name, total in key)
    rules = tuple(Rule(_y(value, top), f"{value:g}") for value in (0, top // 2, top))
    return Bars(title, f"{len(labels)} {unit}: {told}.", key, bars, rules, labels[0], labels[-1])


def _day(day: int, labels: Sequence[str], series: Sequence[Series], top: int) -> Iterator[Bar]:
    scale = (HEIGHT - TOP - BOTTOM) / top
    place = (WIDTH - LEFT - RIGHT) / len(labels)
    x, width = round(LEFT + place * (day + GAP / 2), 1), round(place * (1 - GAP), 1)
    base = float(HEIGHT - BOTTOM)
    for one in series:
        if count := one.values[day]:
            base -= count * scale
            label = f"{labels[day]}: {count} {one.name}"
            yield Bar(one.number, x, round(base, 1), width, round(count * scale, 1), label)


def _round_up(most: int) -> int:
    """Return the next of 2, 4, 6, 8, 10, 20, 40 ...: its half is a whole number too."""
    power = int(10 ** int(log10(most)))
    return max(2, next(step * power for step in STEPS if step * power >= most))


def _y(value: float, top: int) -> int:
    return ceil(TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM))
