"""What recall the matching engine has to reach, by group of edits, where 0.3 % of unrelated pictures match anything."""

from dataclasses import dataclass

from counterfoil.edits import EDITS, Kind


@dataclass(frozen=True, slots=True)
class Group:
    """Edits that are about as hard: the least recall, and the goal."""

    name: str
    edits: tuple[str, ...]
    least: float
    goal: float


_EASY_KINDS = (Kind.PHOTOMETRIC, Kind.MIRROR, Kind.ROTATION, Kind.PADDING, Kind.BANNER, Kind.LOGO, Kind.WATERMARK)

GROUPS = (
    Group(
        "easy",
        (*(edit.name for edit in EDITS.values() if edit.kind in _EASY_KINDS), "crop-10", "crop-25"),
        0.99,
        0.99,
    ),
    Group("middle", ("crop-50", "sticker-20", "screen-photo", "side-by-side", "picture-in-picture-60"), 0.93, 0.95),
    Group("hard", ("collage-2x2", "picture-in-picture-40", "perspective", "background"), 0.85, 0.90),
    Group("hardest", ("collage-3x3", "picture-in-picture-25", "perspective-hard", "crop-75"), 0.70, 0.80),
)

# Over all edits that goals were set for, by the share of negative queries that match.
POOLED = {0.01: ">= 0.96 (goal 0.98)", 0.003: ">= 0.95 (goal 0.97)"}


def goal_of(edit: str) -> float | None:
    """The least recall of one edit; None where none was set."""
    return next((group.least for group in GROUPS if edit in group.edits), None)
