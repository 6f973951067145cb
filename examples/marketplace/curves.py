"""Smooth lines through a few points."""

from collections.abc import Sequence

Point = tuple[float, float]


def closed_curve(points: Sequence[Point]) -> list[Point]:
    """A smooth closed line through the points."""
    count = len(points)
    curve: list[Point] = []
    for index in range(count):
        neighbours = [points[(index + step) % count] for step in (-1, 0, 1, 2)]
        curve += _catmull_rom(neighbours)
    return curve


def open_curve(points: Sequence[Point]) -> list[Point]:
    """A smooth line from the first point to the last."""
    padded = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for index in range(len(points) - 1):
        curve += _catmull_rom(padded[index : index + 4])
    return [*curve, points[-1]]


def _catmull_rom(four: Sequence[Point]) -> list[Point]:
    """Eight points between the second and the third of four (Catmull and Rom, 1974)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = four
    between = []
    for step in range(8):
        t = step / 8
        w0, w1 = -t / 2 + t * t - t**3 / 2, 1 - 2.5 * t * t + 1.5 * t**3
        w2, w3 = t / 2 + 2 * t * t - 1.5 * t**3, -t * t / 2 + t**3 / 2
        between.append((w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3, w0 * y0 + w1 * y1 + w2 * y2 + w3 * y3))
    return between
