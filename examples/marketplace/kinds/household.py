"""Things of kitchen, living room and bathroom."""

from random import Random

from examples.marketplace.pen import DARK, MAIN, SECOND, TRIM, Pen


def flask(pen: Pen, rng: Random, name: str) -> None:
    wide = rng.uniform(0.15, 0.2)
    pen.shape(
        [(0.5 - wide, 0.32), (0.43, 0.2), (0.57, 0.2), (0.5 + wide, 0.32), (0.5 + wide, 0.95), (0.5 - wide, 0.95)], MAIN
    )
    pen.box(0.5 - wide, 0.42, 0.5 + wide, rng.uniform(0.52, 0.6), SECOND)
    pen.box(0.5 - wide, 0.86, 0.5 + wide, 0.95, DARK)
    pen.box(0.41, 0.1, 0.59, 0.21, DARK, round_by=0.015)
    pen.line([(0.43, 0.13), (0.45, 0.03), (0.55, 0.03), (0.57, 0.13)], 0.024, TRIM, smooth=True)
    pen.line([(0.5 - wide * 0.7, 0.34), (0.5 - wide * 0.7, 0.84)], 0.02, TRIM)
    pen.word(name, 0.5, 0.7, 0.055, TRIM)


def mug(pen: Pen, rng: Random, name: str) -> None:
    top = rng.uniform(0.2, 0.3)
    pen.line([(0.7, 0.38), (0.9, 0.36), (0.92, 0.6), (0.7, 0.68)], 0.06, SECOND, smooth=True)
    pen.shape([(0.16, top), (0.74, top), (0.7, 0.86), (0.2, 0.86)], MAIN)
    pen.oval(0.45, top, 0.29, 0.08, TRIM)
    pen.oval(0.45, top, 0.25, 0.06, DARK)
    pen.box(0.19, 0.74, 0.71, 0.8, SECOND)
    pen.oval(0.45, 0.54, 0.13, 0.13, TRIM)
    pen.word(name, 0.45, 0.54, 0.05, DARK)


def lamp(pen: Pen, rng: Random, name: str) -> None:
    spread = rng.uniform(0.26, 0.36)
    pen.box(0.475, 0.42, 0.525, 0.88, DARK)
    for y in (0.54, 0.66, 0.78):
        pen.oval(0.5, y, rng.uniform(0.05, 0.13), 0.055, SECOND)
    pen.shape(
        [(0.5 - spread * 0.55, 0.08), (0.5 + spread * 0.55, 0.08), (0.5 + spread, 0.46), (0.5 - spread, 0.46)], MAIN
    )
    pen.line([(0.5 - spread, 0.45), (0.5 + spread, 0.45)], 0.022, TRIM)
    pen.oval(0.5, 0.91, 0.2, 0.045, DARK)
    pen.word(name, 0.5, 0.91, 0.03, TRIM)


def vase(pen: Pen, rng: Random, name: str) -> None:
    for step in range(rng.randint(4, 7)):
        x, y = 0.22 + step * 0.1, rng.uniform(0.04, 0.22)
        pen.line([(0.5, 0.45), (x, y)], 0.012, DARK)
        pen.oval(x, y, 0.06, 0.06, SECOND)
        pen.oval(x, y, 0.025, 0.025, TRIM)
    belly = rng.uniform(0.22, 0.32)
    left = [(0.42, 0.4), (0.4, 0.5), (0.5 - belly, 0.68), (0.36, 0.94)]
    pen.shape([*left, *[(1 - x, y) for x, y in reversed(left)]], MAIN, smooth=True)
    pen.oval(0.5, 0.41, 0.1, 0.03, DARK)
    pen.line([(0.5 - belly, 0.68), (0.5, 0.72), (0.5 + belly, 0.68)], 0.03, TRIM, smooth=True)
    pen.word(name, 0.5, 0.82, 0.045, TRIM)


def serum(pen: Pen, rng: Random, name: str) -> None:
    wide = rng.uniform(0.16, 0.21)
    pen.shape([(0.45, 0.2), (0.46, 0.06), (0.5, 0.02), (0.54, 0.06), (0.55, 0.2)], DARK, smooth=True)
    pen.box(0.41, 0.18, 0.59, 0.36, SECOND)
    for step in range(6):
        pen.line([(0.425 + step * 0.03, 0.2), (0.425 + step * 0.03, 0.34)], 0.006, DARK)
    pen.shape(
        [(0.44, 0.36), (0.56, 0.36), (0.5 + wide, 0.46), (0.5 + wide, 0.94), (0.5 - wide, 0.94), (0.5 - wide, 0.46)],
        MAIN,
    )
    label = rng.uniform(0.52, 0.58)
    pen.box(0.5 - wide + 0.02, label, 0.5 + wide - 0.02, 0.88, TRIM)
    for step in range(4):
        pen.line(
            [(0.4, label + 0.17 + step * 0.035), (0.6 - 0.03 * (step % 2), label + 0.17 + step * 0.035)], 0.01, SECOND
        )
    pen.line([(0.5 - wide * 0.8, 0.46), (0.5 - wide * 0.8, 0.9)], 0.014, SECOND)
    pen.word(name, 0.5, label + 0.09, 0.05, DARK)


def perfume(pen: Pen, rng: Random, name: str) -> None:
    corners = rng.choice([0.0, 0.05, 0.12])
    pen.box(0.4, 0.1, 0.6, 0.28, SECOND)
    pen.box(0.44, 0.27, 0.56, 0.36, TRIM)
    pen.box(0.2, 0.35, 0.8, 0.92, MAIN, round_by=corners)
    pen.box(0.27, 0.42, 0.73, 0.86, DARK, round_by=corners / 2)
    pen.shape([(0.27, 0.6), (0.73, 0.52), (0.73, 0.86), (0.27, 0.86)], SECOND)
    pen.box(0.34, 0.62, 0.66, 0.76, TRIM)
    pen.word(name, 0.5, 0.69, 0.05, DARK)


def lipstick(pen: Pen, rng: Random, name: str) -> None:
    tip = rng.uniform(0.08, 0.16)
    pen.shape([(0.26, 0.42), (0.26, tip + 0.1), (0.46, tip), (0.46, 0.42)], SECOND)
    pen.box(0.24, 0.4, 0.48, 0.56, TRIM)
    pen.box(0.21, 0.54, 0.51, 0.93, MAIN)
    pen.box(0.6, 0.4, 0.84, 0.93, MAIN)
    pen.box(0.6, 0.78, 0.84, 0.84, TRIM)
    pen.word(name, 0.36, 0.74, 0.045, TRIM)


def jar(pen: Pen, rng: Random, name: str) -> None:
    lid = rng.uniform(0.3, 0.42)
    pen.box(0.16, lid, 0.84, 0.88, MAIN, round_by=0.06)
    pen.box(0.14, lid - 0.16, 0.86, lid + 0.04, SECOND, round_by=0.03)
    pen.oval(0.5, lid - 0.16, 0.34, 0.06, TRIM)
    for step in range(14):
        pen.line([(0.17 + step * 0.05, lid - 0.1), (0.17 + step * 0.05, lid + 0.02)], 0.008, DARK)
    pen.box(0.24, lid + 0.12, 0.76, 0.8, TRIM)
    pen.word(name, 0.5, lid + 0.2, 0.06, DARK)


KINDS = {
    "flask": flask,
    "mug": mug,
    "lamp": lamp,
    "vase": vase,
    "serum": serum,
    "perfume": perfume,
    "lipstick": lipstick,
    "jar": jar,
}
