"""What a check finds: one line that is ok, a hint, or wrong, with the remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.exceptions import CounterfoilError


class Level(StrEnum):
    """How bad a finding is: nothing, worth knowing, or to be mended."""

    OK = "ok"
    HINT = "hint"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor: what was found, and what to do about it."""

    level: Level
    text: str
    remedy: str | None = None


class NotLookedAt(CounterfoilError):
    """A check needs something that another check has found missing already."""


def ok(text: str) -> Finding:
    """Nothing to do."""
    return Finding(level=Level.OK, text=text)


def hint(text: str, remedy: str | None = None) -> Finding:
    """Worth knowing: nothing is lost, and nothing stands still."""
    return Finding(level=Level.HINT, text=text, remedy=remedy)


def wrong(text: str, remedy: str | None = None) -> Finding:
    """To be mended."""
    return Finding(level=Level.WRONG, text=text, remedy=remedy)


def together(problems: Sequence[Finding], fine: str) -> Finding:
    """All problems of one check in one line, as bad as the worst of them; `fine` where there is none."""
    if not problems:
        return ok(fine)
    levels = {problem.level for problem in problems}
    remedies = dict.fromkeys(problem.remedy for problem in problems if problem.remedy)
    return Finding(
        level=Level.WRONG if Level.WRONG in levels else Level.HINT,
        text="; ".join(problem.text for problem in problems),
        remedy="; ".join(remedies) or None,
    )
