"""Bags, and what is worn on wrist, nose, finger and neck."""

import math
from random import Random

from examples.marketplace.pen import DARK, MAIN, SECOND, TRIM, Pen


def backpack(pen: Pen, rng: Random, name: str) -> None:
    top = rng.uniform(0.1, 0.2)
    pen.line([(0.4, top + 0.02), (0.42, 0.03), (0.58, 0.03), (0.6, top + 0.02)], 0.03, DARK, smooth=True)
    pen.shape([(0.22, top + 0.1), (0.3, top), (0.7, top), (0.78, top + 0.1), (0.82, 0.9), (0.18, 0.9)], MAIN)
    pen.shape([(0.24, top + 0.08), (0.32, top), (0.68, top), (0.76, top + 0.08), (0.74, 0.38), (0.26, 0.38)], SECOND)
    pocket = rng.uniform(0.52, 0.6)
    pen.box(0.26, pocket, 0.74, 0.86, SECOND, round_by=0.04)
    pen.line([(0.28, pocket + 0.06), (0.72, pocket + 0.06)], 0.016, TRIM)
    for x in (0.36, 0.64):
        pen.box(x - 0.03, top + 0.06, x + 0.03, 0.52, DARK)
        pen.box(x - 0.045, 0.42, x + 0.045, 0.48, TRIM)
    for x in (0.14, 0.86):
        pen.shape([(x - 0.05, 0.55), (x + 0.05, 0.55), (x + 0.05, 0.86), (x - 0.03, 0.86)], DARK)
    pen.word(name, 0.5, pocket + 0.15, 0.06, TRIM)


def tote(pen: Pen, rng: Random, name: str) -> None:
    handle = rng.uniform(0.06, 0.16)
    for shift in (0.0, 0.05):
        pen.line([(0.32 + shift, 0.42), (0.36, handle), (0.64, handle), (0.63 + shift, 0.42)], 0.028, DARK, smooth=True)
    pen.shape([(0.14, 0.38), (0.86, 0.38), (0.92, 0.92), (0.08, 0.92)], MAIN)
    pen.shape([(0.14, 0.38), (0.86, 0.38), (0.84, 0.56), (0.5, 0.66), (0.16, 0.56)], SECOND)
    pen.oval(0.5, 0.62, 0.05, 0.05, TRIM)
    pen.box(0.1, 0.84, 0.9, 0.92, DARK)
    pen.word(name, 0.5, 0.76, 0.06, TRIM)


def wallet(pen: Pen, rng: Random, name: str) -> None:
    fold = rng.uniform(0.3, 0.45)
    pen.shape([(0.1, fold - 0.12), (0.9, fold - 0.12), (0.9, fold + 0.06), (0.1, fold + 0.06)], SECOND)
    for step in range(4):
        pen.box(
            0.18 + 0.05 * step, fold - 0.2 + 0.045 * step, 0.7 + 0.05 * step, fold + 0.05, TRIM if step % 2 else DARK
        )
    pen.box(0.08, fold, 0.92, 0.8, MAIN, round_by=0.03)
    pen.box(0.68, fold + 0.14, 0.97, fold + 0.28, SECOND, round_by=0.03)
    pen.oval(0.76, fold + 0.21, 0.03, 0.03, TRIM)
    pen.word(name, 0.34, 0.7, 0.06, TRIM)


def suitcase(pen: Pen, rng: Random, name: str) -> None:
    pen.line([(0.4, 0.24), (0.4, 0.05), (0.6, 0.05), (0.6, 0.24)], 0.026, DARK)
    pen.box(0.2, 0.2, 0.8, 0.9, MAIN, round_by=0.05)
    ribs = rng.randint(4, 7)
    for step in range(ribs):
        x = 0.24 + step * 0.52 / ribs
        pen.box(x, 0.22, x + 0.22 / ribs, 0.88, SECOND)
    pen.box(0.19, 0.5, 0.81, 0.55, DARK)
    for x in (0.28, 0.72):
        pen.oval(x, 0.93, 0.045, 0.045, DARK)
        pen.box(x - 0.03, 0.48, x + 0.03, 0.57, TRIM)
    pen.word(name, 0.5, 0.7, 0.06, TRIM)


def watch(pen: Pen, rng: Random, name: str) -> None:
    wide = rng.uniform(0.12, 0.17)
    pen.shape([(0.5 - wide, 0.28), (0.5 - wide * 0.8, 0.0), (0.5 + wide * 0.8, 0.0), (0.5 + wide, 0.28)], SECOND)
    pen.shape([(0.5 - wide, 0.72), (0.5 - wide * 0.8, 1.0), (0.5 + wide * 0.8, 1.0), (0.5 + wide, 0.72)], SECOND)
    for step in range(5):
        for y in (0.04 + step * 0.045, 0.78 + step * 0.045):
            pen.line([(0.5 - wide * 0.7, y), (0.5 + wide * 0.7, y)], 0.012, DARK)
    pen.box(0.76, 0.46, 0.84, 0.54, TRIM)
    pen.oval(0.5, 0.5, 0.29, 0.29, TRIM)
    pen.oval(0.5, 0.5, 0.25, 0.25, MAIN)
    for hour in range(12):
        turn = hour / 12 * math.tau
        x, y = math.sin(turn), math.cos(turn)
        pen.line([(0.5 + 0.2 * x, 0.5 + 0.2 * y), (0.5 + 0.235 * x, 0.5 + 0.235 * y)], 0.018, TRIM)
    for x, y in ((0.4, 0.53), (0.6, 0.53), (0.5, 0.62))[: rng.randint(1, 3)]:
        pen.oval(x, y, 0.055, 0.055, DARK)
        pen.line([(x, y), (x + 0.02, y - 0.035)], 0.008, TRIM)
    at = rng.uniform(0, math.tau)
    for long, thick in ((0.2, 0.012), (0.13, 0.022)):
        pen.line([(0.5, 0.5), (0.5 + long * math.sin(at), 0.5 - long * math.cos(at))], thick, TRIM)
        at += 2.1
    pen.word(name, 0.5, 0.39, 0.032, TRIM)


def sunglasses(pen: Pen, rng: Random, name: str) -> None:
    wide, high = rng.uniform(0.17, 0.2), rng.uniform(0.14, 0.19)
    for side in (-1, 1):
        pen.line(
            [(0.5 + side * 0.4, 0.45), (0.5 + side * 0.46, 0.36), (0.5 + side * 0.3, 0.22)], 0.03, MAIN, smooth=True
        )
    squared = rng.random() < 0.5
    for x in (0.28, 0.72):
        if squared:
            pen.box(x - wide - 0.03, 0.5 - high, x + wide + 0.03, 0.5 + high, MAIN, round_by=0.06)
            pen.box(x - wide, 0.5 - high + 0.03, x + wide, 0.5 + high - 0.03, DARK, round_by=0.05)
        else:
            pen.oval(x, 0.5, wide + 0.03, high + 0.03, MAIN)
            pen.oval(x, 0.5, wide, high, DARK)
        pen.line([(x - 0.08, 0.56), (x + 0.02, 0.42)], 0.02, TRIM)
        pen.line([(x - 0.02, 0.58), (x + 0.07, 0.46)], 0.012, SECOND)
    pen.line([(0.45, 0.47), (0.5, 0.43), (0.55, 0.47)], 0.035, SECOND, smooth=True)
    pen.word(name, 0.18, 0.33, 0.03, TRIM)


def ring(pen: Pen, rng: Random, name: str) -> None:
    pen.oval(0.5, 0.62, 0.3, 0.3, MAIN)
    pen.oval(0.5, 0.62, 0.22, 0.22, DARK)
    corners = rng.randint(5, 8)
    for share, paint in ((0.2, SECOND), (0.12, TRIM)):
        gem = [(math.sin(i / corners * math.tau), math.cos(i / corners * math.tau)) for i in range(corners)]
        pen.shape([(0.5 + share * x, 0.26 + share * y) for x, y in gem], paint)
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.24, 0.4, 0.05, 0.05, TRIM)
    pen.word(name, 0.5, 0.88, 0.035, TRIM)


def necklace(pen: Pen, rng: Random, name: str) -> None:
    sag = rng.uniform(0.55, 0.68)
    for step in range(25):
        t = step / 24
        x, y = 0.12 + 0.76 * t, 0.08 + (sag - 0.08) * (1 - (2 * t - 1) ** 2)
        size = 0.018 + 0.03 * (1 - abs(2 * t - 1))
        pen.oval(x, y, size, size, (MAIN, SECOND, TRIM)[step % 3])
    drop = [(0.5, sag), (0.6, sag + 0.16), (0.5, sag + 0.28), (0.4, sag + 0.16)]
    pen.shape(drop, SECOND, smooth=rng.random() < 0.5)
    pen.oval(0.5, sag + 0.15, 0.05, 0.06, TRIM)
    pen.word(name, 0.5, sag + 0.15, 0.025, DARK)


KINDS = {
    "backpack": backpack,
    "tote": tote,
    "wallet": wallet,
    "suitcase": suitcase,
    "watch": watch,
    "sunglasses": sunglasses,
    "ring": ring,
    "necklace": necklace,
}
