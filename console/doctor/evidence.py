"""Check of the evidence: some files, chosen at random, are what their names say."""

import time
from collections import Counter
from collections.abc import Callable

from console.doctor.findings import Finding, hint, ok, together, wrong
from console.doctor.place import Place
from counterfoil.evidence import open_evidence
from counterfoil.exceptions import EvidenceDamaged, NotFound
from counterfoil.store.references import sample_bodies, sample_images

_SHARE = 0.7
_NO_PICTURE = "0" * 64


def check_evidence(place: Place) -> Finding:
    """Pictures and bodies that the database speaks of are there and undamaged: a sample of both."""
    until = time.monotonic() + place.seconds * _SHARE
    evidence = open_evidence(place.settings)
    with place.tables() as connection:
        wanted: list[tuple[Callable[[str], bytes], str]] = [
            *((evidence.get_image, name) for name in sample_images(connection, place.files)),
            *((evidence.get_body, name) for name in sample_bodies(connection, place.files)),
        ]
    if not wanted:
        # Nothing to read is no reason to believe that a bucket can be reached.
        evidence.has_image(_NO_PICTURE)
        return ok("nothing to read" if place.files == 0 else "nothing is stored yet")
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for get, name in wanted:
        if time.monotonic() > until:
            break
        state = _look(get, name)
        counts[state] += 1
        examples.setdefault(state, name)
    seen = f"{counts.total()} of {len(wanted)} chosen files read"
    problems = [
        wrong(f"{counts[state]} of {counts.total()} files are {state}, such as {examples[state]}", _REMEDY)
        for state in ("missing", "damaged")
        if counts[state]
    ]
    if counts.total() < len(wanted):
        problems.append(hint(f"only {seen} in time", "counterfoil doctor --seconds 120"))
    return together(problems, f"{counts.total()} files verified")


_REMEDY = "look after the disk; a backup has them: counterfoil backup --verify, then copy its evidence folder over"


def _look(get: Callable[[str], bytes], name: str) -> str:
    try:
        get(name)
    except NotFound:
        return "missing"
    except EvidenceDamaged:
        return "damaged"
    return "whole"
