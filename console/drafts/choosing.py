"""What a person or a program chooses of a draft: which entries, under which names, with which of their pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from console.drafts.entries import DraftEntry, DraftPicture
from counterfoil.exceptions import InvalidInput
from counterfoil.store.drafts import DraftState

_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An entry of a draft by its number, from 0 on; without a name as it was read, without pictures those offered.

    One that is not `chosen` keeps what was written about it, and is not registered.
    """

    number: int
    name: str | None = None
    pictures: frozenset[int] | None = None
    chosen: bool = True


def choose(entries: Sequence[DraftEntry], choices: Sequence[Choice]) -> list[DraftEntry]:
    """The entries of a draft as they were chosen; those that are not named are not.

    Raises InvalidInput for an entry or a picture that is not there or cannot be registered, and for an unusable name.
    """
    wanted = {one.number: one for one in choices}
    if len(wanted) < len(choices):
        raise InvalidInput("An entry is named twice: name each once.")
    for number in sorted(wanted):
        _require_open(entries, number)
    return [_chosen(number, one, wanted.get(number)) for number, one in enumerate(entries)]


def all_offered(entries: Sequence[DraftEntry], state: DraftState) -> list[Choice]:
    """Every entry that is offered for registering before anybody has chosen."""
    return [Choice(number=number) for number, one in enumerate(entries) if one.is_open and is_offered(one, state)]


def is_offered(one: DraftEntry, state: DraftState) -> bool:
    """Whether an entry stands ticked: afterwards only what was refused, since the rest was left out knowingly."""
    return (one.chosen and state is not DraftState.REGISTERED) or one.refused is not None


def usable_name(text: str) -> str | None:
    """A product's name as somebody wrote it; None for one that cannot be kept."""
    name = " ".join(text.split())
    return name if name and len(name) <= _LONGEST_NAME and name.isprintable() else None


def _chosen(number: int, one: DraftEntry, choice: Choice | None) -> DraftEntry:
    if not one.is_open or one.entry is None:
        return one
    if choice is None:
        return replace(one, chosen=False)
    name = one.name if choice.name is None else _name(number, choice.name)
    pictures = one.pictures if choice.pictures is None else _pictures(number, one.pictures, choice.pictures)
    return replace(one, name=name, entry=replace(one.entry, name=name), pictures=pictures, chosen=choice.chosen)


def _require_open(entries: Sequence[DraftEntry], number: int) -> None:
    if not 0 <= number < len(entries):
        raise InvalidInput(
            "There is no entry {number} in this draft: it has {count}, counted from 0.",
            number=number,
            count=len(entries),
        )
    one = entries[number]
    if one.product_id is not None:
        raise InvalidInput(
            "Entry {number} is registered already, as product {product_id}: leave it out.",
            number=number,
            product_id=one.product_id,
        )
    if one.entry is None:
        raise InvalidInput(
            "Entry {number} ({place}) cannot be registered: its problems say why.", number=number, place=one.place
        )


def _name(number: int, text: str) -> str:
    name = usable_name(text)
    if name is None:
        raise InvalidInput(
            "The name of entry {number} is empty, longer than {longest}, or has odd characters.",
            number=number,
            longest=_LONGEST_NAME,
        )
    return name


def _pictures(number: int, pictures: Sequence[DraftPicture], chosen: frozenset[int]) -> tuple[DraftPicture, ...]:
    for place in sorted(chosen):
        if not 0 <= place < len(pictures) or pictures[place].sha256 is None:
            raise InvalidInput("Entry {number} has no picture {place} that can be used.", number=number, place=place)
    return tuple(replace(one, chosen=place in chosen) for place, one in enumerate(pictures))
