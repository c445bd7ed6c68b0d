"""A day's readings as a small drawing (SVG) that stands in the page. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

from readings_server.texts import HERE, number

WIDTH, HEIGHT, LEFT, BOTTOM = 340, 130, 36, 16
DAY = timedelta(hours=24)
Point = tuple[datetime, float]


def draw(
    points: list[Point], now: datetime, bounds: tuple[float | None, float | None], title: str, language: str
) -> str:
    """Return the drawing of the last 24 hours; a gap of more than two hours breaks the line, limits are dashed."""
    start = now - DAY
    values = [value for _, value in points] + [bound for bound in bounds if bound is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = (high - low) * 0.08 or max(abs(high) * 0.05, 0.5)
    low, high = low - room, high + room

    def across(time: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - 4) * ((time - start) / DAY), 1)

    def up(value: float) -> float:
        return round(4 + (HEIGHT - BOTTOM - 4) * (1 - (value - low) / (high - low)), 1)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
        f'<path class="a" d="M{LEFT} 4V{HEIGHT - BOTTOM}H{WIDTH - 4}"/>',
    ]
    parts += [
        f'<text x="{LEFT - 3}" y="{up(value) + 3}" text-anchor="end">{number(value, language)}</text>'
        for value in (low + room, high - room)
    ]
    for hours in (24, 18, 12, 6, 0):
        time = now - timedelta(hours=hours)
        anchor = "end" if hours == 0 else "middle"
        parts.append(
            f'<text x="{across(time)}" y="{HEIGHT - 3}" text-anchor="{anchor}">{time.astimezone(HERE):%H:%M}</text>'
        )
    parts += [f'<path class="b" d="M{LEFT} {up(bound)}H{WIDTH - 4}"/>' for bound in bounds if bound is not None]
    for line in _lines(points):
        if len(line) == 1:
            parts.append(f'<circle class="c" cx="{across(line[0][0])}" cy="{up(line[0][1])}" r="1.5"/>')
        else:
            way = " ".join(f"{across(time)},{up(value)}" for time, value in line)
            parts.append(f'<polyline class="l" points="{way}"/>')
    return "".join(parts) + "</svg>"


def _lines(points: list[Point]) -> list[list[Point]]:
    """Return the points in pieces between which nothing was measured for two hours."""
    lines: list[list[Point]] = []
    for point in points:
        if lines and point[0] - lines[-1][-1][0] <= timedelta(hours=2):
            lines[-1].append(point)
        else:
            lines.append([point])
    return lines
