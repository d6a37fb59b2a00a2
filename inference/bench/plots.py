"""A small line plot as SVG, for the figures of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT, EDGE = 640, 320, 48
COLOURS = ("#875708", "#0b5a6e", "#1e6b3c", "#a32619")

Line = tuple[str, Sequence[tuple[float, float]]]


def line_plot(title: str, lines: Sequence[Line]) -> str:
    """Return an SVG with all lines from zero, their points marked and the last labelled."""
    points = [point for _, line in lines for point in line]
    widest = max((x for x, _ in points), default=1) or 1
    highest = max((y for _, y in points), default=1) or 1

    def place(x: float, y: float) -> tuple[float, float]:
        across = EDGE + (WIDTH - 3 * EDGE) * x / widest
        return round(across, 1), round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * y / highest, 1)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{EDGE}" y="24" font-size="14">{escape(title)}</text>',
        f'<path d="M{EDGE} {EDGE}V{HEIGHT - EDGE}H{WIDTH - 2 * EDGE}" fill="none" stroke="#8d877a"/>',
        f'<text x="{EDGE - 6}" y="{EDGE + 4}" text-anchor="end">{highest:g}</text>',
        f'<text x="{WIDTH - 2 * EDGE}" y="{HEIGHT - EDGE + 18}" text-anchor="end">{widest:g}</text>',
    ]
    for number, (name, line) in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        placed = [place(x, y) for x, y in line]
        path = " ".join(f"{x},{y}" for x, y in placed)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in placed]
        if placed:
            x, y = placed[-1]
            drawn.append(f'<text x="{x + 8}" y="{y + 4}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*drawn, "</svg>", ""])
