"""Sound, cameras and toys."""

import math
from random import Random

from examples.marketplace.pen import DARK, MAIN, SECOND, TRIM, Pen


def headphones(pen: Pen, rng: Random, name: str) -> None:
    arch = rng.uniform(0.04, 0.14)
    pen.line([(0.18, 0.56), (0.2, 0.28), (0.5, arch), (0.8, 0.28), (0.82, 0.56)], 0.075, MAIN, smooth=True)
    pen.line([(0.26, 0.3), (0.5, arch + 0.07), (0.74, 0.3)], 0.035, TRIM, smooth=True)
    for side in (-1, 1):
        x = 0.5 + side * 0.3
        pen.line([(x + side * 0.02, 0.4), (x + side * 0.02, 0.58)], 0.03, TRIM)
        pen.oval(x - side * 0.05, 0.66, 0.1, 0.19, DARK)
        pen.oval(x + side * 0.03, 0.66, 0.12, 0.2, SECOND)
        pen.oval(x + side * 0.05, 0.66, 0.07, 0.13, MAIN)
        pen.oval(x + side * 0.05, 0.66, 0.025, 0.045, TRIM)
    pen.word(name, 0.5, arch + 0.02, 0.035, TRIM)


def speaker(pen: Pen, rng: Random, name: str) -> None:
    pen.box(0.24, 0.06, 0.76, 0.94, MAIN, round_by=rng.choice([0.0, 0.05]))
    pen.box(0.28, 0.1, 0.72, 0.9, DARK)
    for y, size in ((0.28, 0.11), (0.64, rng.uniform(0.16, 0.2))):
        for share, paint in ((1.0, SECOND), (0.75, DARK), (0.4, TRIM)):
            pen.oval(0.5, y, size * share, size * share, paint)
    pen.word(name, 0.5, 0.86, 0.04, TRIM)


def camera(pen: Pen, rng: Random, name: str) -> None:
    left = rng.uniform(0.3, 0.42)
    pen.shape([(left, 0.3), (left + 0.05, 0.18), (left + 0.25, 0.18), (left + 0.3, 0.3)], SECOND)
    pen.box(0.08, 0.28, 0.92, 0.8, MAIN, round_by=0.04)
    pen.box(0.08, 0.4, 0.92, 0.68, DARK)
    middle = left + 0.15
    for size, paint in ((0.23, TRIM), (0.19, DARK), (0.14, SECOND), (0.08, DARK), (0.03, TRIM)):
        pen.oval(middle, 0.55, size, size, paint)
    pen.box(0.74, 0.22, 0.86, 0.3, TRIM)
    pen.oval(0.84, 0.36, 0.03, 0.03, TRIM)
    pen.word(name, 0.2, 0.34, 0.045, TRIM)


def phone_case(pen: Pen, rng: Random, name: str) -> None:
    pen.box(0.28, 0.04, 0.72, 0.96, MAIN, round_by=0.05)
    pen.box(0.32, 0.08, 0.54, 0.28, DARK, round_by=0.03)
    for x, y in ((0.38, 0.14), (0.48, 0.14), (0.38, 0.22)):
        pen.oval(x, y, 0.035, 0.035, TRIM)
    turns = rng.randint(3, 6)
    for step in range(turns):
        angle = step / turns * math.tau
        pen.oval(0.5 + 0.09 * math.cos(angle), 0.6 + 0.09 * math.sin(angle), 0.06, 0.06, SECOND)
    pen.word(name, 0.5, 0.85, 0.045, TRIM)


def robot(pen: Pen, rng: Random, name: str) -> None:
    pen.line([(0.5, 0.14), (0.5, 0.03)], 0.016, DARK)
    pen.oval(0.5, 0.04, 0.03, 0.03, SECOND)
    pen.box(0.34, 0.12, 0.66, 0.36, SECOND, round_by=0.03)
    for x in (0.43, 0.57):
        pen.oval(x, 0.22, 0.05, 0.05, TRIM)
        pen.oval(x, 0.22, 0.02, 0.02, DARK)
    pen.box(0.42, 0.3, 0.58, 0.33, DARK)
    pen.box(0.28, 0.38, 0.72, 0.7, MAIN, round_by=0.02)
    lift = rng.uniform(-0.16, 0.16)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.23, 0.43), (0.5 + side * 0.36, 0.55 + side * lift)], 0.06, SECOND)
        pen.box(0.5 + side * 0.12 - 0.07, 0.7, 0.5 + side * 0.12 + 0.07, 0.92, SECOND)
        pen.box(0.5 + side * 0.13 - 0.09, 0.9, 0.5 + side * 0.13 + 0.09, 0.97, DARK)
    for step in range(3):
        pen.oval(0.38 + step * 0.12, 0.6, 0.03, 0.03, TRIM)
    pen.word(name, 0.5, 0.48, 0.05, TRIM)


def teddy(pen: Pen, rng: Random, name: str) -> None:
    ear = rng.uniform(0.07, 0.1)
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.17, 0.14, ear, ear, MAIN)
        pen.oval(0.5 + side * 0.17, 0.14, ear / 2, ear / 2, SECOND)
        pen.oval(0.5 + side * 0.28, 0.55, 0.08, 0.14, MAIN)
        pen.oval(0.5 + side * 0.19, 0.88, 0.12, 0.09, MAIN)
        pen.oval(0.5 + side * 0.19, 0.89, 0.06, 0.05, TRIM)
    pen.oval(0.5, 0.64, 0.26, 0.27, MAIN)
    pen.oval(0.5, 0.67, 0.15, 0.17, TRIM)
    pen.oval(0.5, 0.26, 0.21, 0.19, MAIN)
    pen.oval(0.5, 0.32, 0.1, 0.08, TRIM)
    for x in (0.43, 0.57):
        pen.oval(x, 0.22, 0.022, 0.026, DARK)
    pen.oval(0.5, 0.29, 0.03, 0.02, DARK)
    pen.shape([(0.38, 0.43), (0.5, 0.47), (0.62, 0.43), (0.62, 0.52), (0.5, 0.47), (0.38, 0.52)], SECOND)
    pen.word(name, 0.5, 0.68, 0.045, DARK)


def toy_car(pen: Pen, rng: Random, name: str) -> None:
    roof = rng.uniform(0.24, 0.34)
    pen.shape([(0.24, 0.48), (0.34, roof), (0.66, roof), (0.8, 0.48)], SECOND)
    pen.shape([(0.3, 0.47), (0.37, roof + 0.04), (0.48, roof + 0.04), (0.48, 0.47)], DARK)
    pen.shape([(0.52, 0.47), (0.52, roof + 0.04), (0.64, roof + 0.04), (0.73, 0.47)], DARK)
    pen.shape([(0.05, 0.7), (0.07, 0.52), (0.24, 0.46), (0.8, 0.46), (0.94, 0.54), (0.95, 0.7)], MAIN)
    pen.line([(0.07, 0.6), (0.94, 0.6)], 0.03, TRIM)
    for x in (0.26, 0.74):
        pen.oval(x, 0.7, 0.12, 0.12, DARK)
        pen.oval(x, 0.7, 0.06, 0.06, TRIM)
    pen.oval(0.92, 0.56, 0.025, 0.03, TRIM)
    pen.word(name, 0.5, 0.54, 0.05, TRIM)


def ball(pen: Pen, rng: Random, name: str) -> None:
    pen.oval(0.5, 0.5, 0.42, 0.42, MAIN)
    start = rng.uniform(0, math.tau)
    panel = [(math.cos(start + i / 5 * math.tau), math.sin(start + i / 5 * math.tau)) for i in range(5)]
    pen.shape([(0.5 + 0.15 * x, 0.5 + 0.15 * y) for x, y in panel], SECOND)
    for x, y in panel:
        pen.line([(0.5 + 0.15 * x, 0.5 + 0.15 * y), (0.5 + 0.3 * x, 0.5 + 0.3 * y)], 0.02, DARK)
        pen.oval(0.5 + 0.33 * x, 0.5 + 0.33 * y, 0.08, 0.08, SECOND)
    pen.word(name, 0.5, 0.5, 0.05, TRIM)


KINDS = {
    "headphones": headphones,
    "speaker": speaker,
    "camera": camera,
    "phone_case": phone_case,
    "robot": robot,
    "teddy": teddy,
    "toy_car": toy_car,
    "ball": ball,
}
