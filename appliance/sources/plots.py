"""Lines over time as plain SVG: drawn on the server, coloured by the page's own tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 36, 12, 10, 18
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    label: str  # what a pointer is told


@dataclass(frozen=True, slots=True)
class Line:
    """One series; the number chooses its colour and its dashes, so that colour is not all."""

    number: int
    name: str
    newest: float
    points: str  # of an SVG polyline
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A level with its label."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Shares between 0 and 1 by run or week, oldest first."""

    title: str
    description: str
    lines: tuple[Line, ...]
    rules: tuple[Rule, ...]
    first: str
    last: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def plot_of(
    title: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    unit: str = "runs",
) -> Plot | None:
    """Return the plot of series over the same runs, or weeks; None when no series has a value.

    The scale begins at the quarter below the lowest value: a drop of a few points is to be seen.
    """
    known = [value for values in series.values() for value in values if value is not None]
    if not known:
        return None
    low = max(step for step in STEPS if step <= min(min(known), 0.75))
    rules = tuple(Rule(_y(step, low), f"{step:g}") for step in STEPS if step >= low)
    lines = tuple(
        _line(number, name, labels, values, low)
        for number, (name, values) in enumerate(series.items(), start=1)
        if any(value is not None for value in values)
    )
    newest = ", ".join(f"{line.name} {line.newest:.3f}" for line in lines)
    return Plot(title, f"{len(labels)} {unit}; the newest: {newest}.", lines, rules,
                labels[0], labels[-1])  # fmt: skip


def _line(
    number: int, name: str, labels: Sequence[str], values: Sequence[float | None], low: float
) -> Line:
    dots = tuple(
        Dot(_x(place, len(values)), _y(value, low), f"{name} {value:.3f}, {label}")
        for place, (label, value) in enumerate(zip(labels, values, strict=True))
        if value is not None
    )
    newest = next(value for value in reversed(values) if value is not None)
    return Line(number, name, newest, " ".join(f"{dot.x},{dot.y}" for dot in dots), dots)


def _x(place: int, count: int) -> float:
    share = place / (count - 1) if count > 1 else 0.5
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, low: float) -> float:
    return round(TOP + (1.0 - value) / (1.0 - low) * (HEIGHT - TOP - BOTTOM), 1)
