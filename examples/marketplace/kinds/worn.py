"""Shoes and clothes."""

from random import Random

from examples.marketplace.pen import DARK, MAIN, SECOND, TRIM, Pen


def running_shoe(pen: Pen, rng: Random, name: str) -> None:
    heel, toe = rng.uniform(0.28, 0.38), rng.uniform(0.5, 0.56)
    upper = [(0.08, 0.66), (0.1, heel), (0.2, heel - 0.03), (0.34, 0.42), (0.55, toe), (0.8, 0.58), (0.92, 0.67)]
    pen.shape([*upper, (0.9, 0.72), (0.1, 0.72)], MAIN, smooth=True)
    pen.shape([(0.09, 0.66), (0.1, heel), (0.2, heel), (0.24, 0.55), (0.2, 0.71)], SECOND, smooth=True)
    pen.shape([(0.68, 0.58), (0.8, 0.57), (0.92, 0.66), (0.9, 0.71), (0.7, 0.71)], SECOND, smooth=True)
    for step in range(rng.randint(4, 6)):
        x = 0.33 + 0.055 * step
        pen.line([(x, 0.43 + 0.028 * step), (x + 0.06, 0.5 + 0.022 * step)], 0.018, TRIM)
    wave = rng.uniform(0.0, 0.03)
    pen.line([(0.27, 0.66), (0.42, 0.56 + wave), (0.52, 0.66), (0.64, 0.58)], 0.03, TRIM, smooth=True)
    pen.shape([(0.05, 0.7), (0.5, 0.72), (0.94, 0.69), (0.93, 0.77), (0.5, 0.78), (0.06, 0.8)], TRIM)
    for step in range(12):
        pen.box(0.07 + step * 0.072, 0.78, 0.12 + step * 0.072, 0.82, DARK)
    pen.word(name, 0.36, 0.75, 0.045, DARK)


def boot(pen: Pen, rng: Random, name: str) -> None:
    shaft = rng.uniform(0.12, 0.22)
    pen.shape([(0.22, shaft), (0.56, shaft), (0.57, 0.5), (0.84, 0.6), (0.9, 0.76), (0.2, 0.76)], MAIN)
    pen.shape([(0.2, 0.76), (0.22, 0.5), (0.36, 0.55), (0.38, 0.76)], SECOND)
    pen.shape([(0.72, 0.57), (0.84, 0.6), (0.9, 0.76), (0.7, 0.76)], SECOND)
    pen.box(0.21, shaft - 0.04, 0.57, shaft + 0.04, TRIM)
    for step in range(6):
        y = shaft + 0.09 + 0.06 * step
        pen.line([(0.46, y), (0.57 + 0.012 * step, y + 0.02)], 0.02, TRIM)
    pen.box(0.18, 0.76, 0.92, 0.83, DARK)
    for step in range(8):
        pen.box(0.19 + step * 0.09, 0.82, 0.25 + step * 0.09, 0.87, DARK)
    pen.word(name, 0.36, 0.44, 0.05, TRIM)


def sandal(pen: Pen, rng: Random, name: str) -> None:
    for shift in (0.0, 0.42):
        sole = [(0.12, 0.2), (0.3, 0.08), (0.46, 0.22), (0.42, 0.5), (0.44, 0.8), (0.28, 0.92), (0.14, 0.78)]
        pen.shape([(x + shift, y) for x, y in sole], DARK, smooth=True)
        inner = [(0.29 + (x - 0.29) * 0.86 + shift, 0.5 + (y - 0.5) * 0.92) for x, y in sole]
        pen.shape(inner, MAIN, smooth=True)
        for step in range(rng.randint(2, 3)):
            y = 0.28 + step * 0.17
            pen.shape(
                [(0.1 + shift, y), (0.48 + shift, y - 0.05), (0.48 + shift, y + 0.04), (0.1 + shift, y + 0.1)], SECOND
            )
            pen.oval(0.4 + shift, y + 0.01, 0.03, 0.03, TRIM)
    pen.word(name, 0.29, 0.8, 0.04, DARK)


def hightop(pen: Pen, rng: Random, name: str) -> None:
    collar = rng.uniform(0.16, 0.24)
    pen.shape([(0.12, collar), (0.42, collar + 0.03), (0.5, 0.48), (0.86, 0.62), (0.9, 0.76), (0.1, 0.76)], MAIN)
    pen.oval(0.26, 0.4, 0.09, 0.09, SECOND)
    pen.shape([(0.7, 0.56), (0.86, 0.61), (0.92, 0.76), (0.68, 0.76)], TRIM, smooth=True)
    for step in range(7):
        pen.line([(0.36 + 0.045 * step, 0.26 + 0.048 * step), (0.44 + 0.045 * step, 0.24 + 0.05 * step)], 0.02, TRIM)
    pen.box(0.08, 0.75, 0.93, 0.84, TRIM)
    pen.line([(0.08, 0.79), (0.93, 0.79)], 0.014, SECOND)
    pen.word(name, 0.26, 0.4, 0.04, DARK)


def jacket(pen: Pen, rng: Random, name: str) -> None:
    hem = rng.uniform(0.84, 0.94)
    pen.shape([(0.26, 0.22), (0.1, 0.34), (0.04, 0.8), (0.17, 0.83), (0.28, 0.45)], SECOND)
    pen.shape([(0.74, 0.22), (0.9, 0.34), (0.96, 0.8), (0.83, 0.83), (0.72, 0.45)], SECOND)
    pen.shape([(0.26, 0.22), (0.4, 0.16), (0.6, 0.16), (0.74, 0.22), (0.77, hem), (0.23, hem)], MAIN)
    pen.shape([(0.36, 0.2), (0.38, 0.06), (0.5, 0.02), (0.62, 0.06), (0.64, 0.2), (0.5, 0.26)], SECOND, smooth=True)
    pen.oval(0.5, 0.14, 0.09, 0.08, DARK)
    pen.line([(0.5, 0.24), (0.5, hem)], 0.022, TRIM)
    slope = rng.uniform(0.02, 0.09)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.21, 0.62), (0.5 + side * 0.1, 0.62 + slope)], 0.024, DARK)
        pen.box(0.5 + side * 0.39 - 0.06, 0.74, 0.5 + side * 0.39 + 0.06, 0.78, TRIM)
    pen.shape([(0.25, 0.36), (0.5, 0.42), (0.75, 0.36), (0.75, 0.44), (0.5, 0.5), (0.25, 0.44)], TRIM)
    pen.word(name, 0.37, 0.34, 0.045, TRIM)


def shirt(pen: Pen, rng: Random, name: str) -> None:
    sleeve = rng.uniform(0.36, 0.5)
    body = [(0.34, 0.12), (0.1, 0.24), (0.06, sleeve), (0.22, sleeve + 0.03), (0.25, 0.4), (0.25, 0.92)]
    pen.shape([*body, *[(1 - x, y) for x, y in reversed(body)], (0.6, 0.17), (0.5, 0.19), (0.4, 0.17)], MAIN)
    pen.line([(0.36, 0.13), (0.43, 0.2), (0.57, 0.2), (0.64, 0.13)], 0.025, SECOND, smooth=True)
    form = rng.randrange(3)
    if form == 0:
        pen.oval(0.5, 0.5, 0.15, 0.15, SECOND)
        pen.oval(0.5, 0.5, 0.08, 0.08, TRIM)
    elif form == 1:
        pen.shape([(0.5, 0.32), (0.66, 0.64), (0.34, 0.64)], SECOND)
    else:
        for step in range(4):
            pen.box(0.26, 0.4 + step * 0.1, 0.74, 0.45 + step * 0.1, SECOND)
    pen.word(name, 0.5, 0.76, 0.07, DARK)


def cap(pen: Pen, rng: Random, name: str) -> None:
    crown = rng.uniform(0.18, 0.26)
    pen.shape([(0.14, 0.62), (0.18, 0.34), (0.42, crown), (0.64, 0.32), (0.7, 0.6), (0.42, 0.66)], MAIN, smooth=True)
    pen.shape([(0.36, 0.64), (0.68, 0.56), (0.95, 0.66), (0.9, 0.74), (0.66, 0.7)], SECOND, smooth=True)
    for x in (0.3, 0.54):
        pen.line([(0.42, crown), (x, 0.44), (x - 0.02, 0.64)], 0.01, DARK, smooth=True)
    pen.oval(0.42, crown, 0.03, 0.02, TRIM)
    pen.oval(0.5, 0.47, 0.09, 0.09, TRIM)
    pen.word(name, 0.5, 0.47, 0.05, DARK)


def scarf(pen: Pen, rng: Random, name: str) -> None:
    pen.shape([(0.2, 0.3), (0.5, 0.12), (0.8, 0.3), (0.76, 0.46), (0.5, 0.36), (0.24, 0.46)], MAIN, smooth=True)
    lean = rng.uniform(-0.1, 0.1)
    for start, paint in ((0.3, SECOND), (0.52, MAIN)):
        pen.shape([(start, 0.38), (start + 0.19, 0.38), (start + 0.2 + lean, 0.88), (start - 0.02 + lean, 0.88)], paint)
        for step in range(7):
            x = start + lean + step * 0.032
            pen.line([(x, 0.88), (x + 0.01, 0.96)], 0.012, TRIM)
        pen.box(start - 0.01 + lean * 0.6, 0.68, start + 0.19 + lean * 0.7, 0.73, TRIM)
    pen.word(name, 0.4 + lean, 0.8, 0.05, DARK)


KINDS = {
    "running_shoe": running_shoe,
    "boot": boot,
    "sandal": sandal,
    "hightop": hightop,
    "jacket": jacket,
    "shirt": shirt,
    "cap": cap,
    "scarf": scarf,
}
