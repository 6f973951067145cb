"""What there is to know at a glance: counts, what is under way, what went wrong, and how it went over time."""

from datetime import datetime

from console.doctor.findings import Level
from console.outcomes import Sight
from console.schemas.fields import Shown
from console.schemas.monitoring import RunShown
from counterfoil.models import Channel, Role, VerdictKind


class AskerShown(Shown):
    """Who asks: an account or an API key by its name, for which owner, as what, and how far its role reaches."""

    owner: str
    name: str
    channel: Channel
    role: Role


class TroubleShown(Shown):
    """Something that is not as it should be: what, why, what to do about it, and the page that tells more."""

    sight: Sight
    what: str
    why: str
    remedy: str | None
    link: str | None


class FindingShown(Shown):
    """Something that is wrong with the installation, and what to do about it."""

    level: Level
    text: str
    remedy: str | None


class TimeStepShown(Shown):
    """A day or a week (UTC): the suspects that were found in it, and the verdicts that were given, by kind."""

    begin: datetime
    end: datetime
    suspects: int
    verdicts: dict[VerdictKind, int]


class OverviewShown(Shown):
    """What is new since a moment, what waits, what is under way, and what failed or was not seen.

    Counts are exact up to 10,000. `service` is told to admins only: what the doctor finds wrong within milliseconds.
    """

    since: datetime
    new: int
    decided: int
    undecided: int
    running: list[RunShown]
    troubles: list[TroubleShown]
    service: list[FindingShown]
    over_time: list[TimeStepShown]
