"""Plots as SVG of our own: bars over time, one kind upon the other, for the eye; the same numbers stand in a table."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 400, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 4, 8, 20
_GAP = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of time: its label, where it leads to, and a number for each kind."""

    label: str
    link: str | None
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle of the plot: of which kind (its place among the kinds), and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    kind: int
    title: str
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line across the plot, with the number that it stands for."""

    y: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Bars over time: what is drawn, and the same as rows of numbers."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    kinds: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def total(self) -> int:
        """All that is counted."""
        return sum(sum(step.counts) for step in self.steps)


def draw(steps: Sequence[Step], kinds: Sequence[str]) -> Plot:
    """Bars for these steps, each with a number for each kind, stacked."""
    top = _round_up(max((sum(step.counts) for step in steps), default=0))
    across = (WIDTH - _LEFT - _RIGHT) / max(1, len(steps))
    bars = [bar for place, step in enumerate(steps) for bar in _stack(place, step, kinds, top, across)]
    lines = [Line(y=_y(number, top), number=number) for number in ((0, top // 2, top) if top > 1 else (0, top))]
    return Plot(bars=tuple(bars), lines=tuple(lines), kinds=tuple(kinds), steps=tuple(steps))


def _stack(place: int, step: Step, kinds: Sequence[str], top: int, across: float) -> list[Bar]:
    bars, below = [], 0
    for kind, count in enumerate(step.counts):
        if count:
            y = _y(below + count, top)
            name = f"{kinds[kind]}: " if len(kinds) > 1 else ""
            bars.append(
                Bar(
                    x=round(_LEFT + across * (place + _GAP / 2), 1),
                    y=y,
                    width=round(across * (1 - _GAP), 1),
                    height=round(_y(below, top) - y, 1),
                    kind=kind,
                    title=f"{step.label}: {name}{count}",
                    link=step.link,
                )
            )
            below += count
    return bars


def _y(number: int, top: int) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * number / max(1, top), 1)


def _round_up(number: int) -> int:
    """The next number that reads well on an axis and can be halved: 2, 4, 10, 20, 40, 100, ..."""
    scale = 1
    while True:
        for nice in (2, 4, 10):
            if number <= nice * scale:
                return nice * scale
        scale *= 10
