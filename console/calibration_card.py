"""A product's calibration card for people: what it says, and recall edit by edit."""

from collections.abc import Mapping
from typing import Any

import click

from console.calibration_words import card_words
from console.output import print_table, say, when
from counterfoil.store.calibrations import KeptCard


def print_remarks(kept: KeptCard, names: Mapping[int, str]) -> None:
    """What the card says in plain words, or that there is none yet; `names` are those of the owner's products."""
    if kept.card is not None:
        click.echo(f"\nCalibration of {when(kept.made_at)}:")
        for remark in card_words(kept.card, names):
            click.echo(f"  {remark}")
    if kept.under_way:
        say("A calibration is being made by the service; `counterfoil product calibrate` makes it at once.")


def print_card(card: Mapping[str, Any], names: Mapping[int, str]) -> None:
    """The whole card."""
    rows = [
        (one["edit"], one["kind"], one["tried"], one["confirmed"], one["found"] - one["confirmed"], _share(one))
        for one in card["edits"]
    ]
    print_table(["edit", "kind", "copies", "confirmed", "review", "found"], rows, empty="No copy could be tried.")
    alarms = [
        (one["image_sha256"], one["product_id"] or "crawled", one["decision"], f"{one['score']:.3f}")
        for one in card["false_alarms"]
    ]
    if alarms:
        click.echo("\nUnrelated pictures that matched:")
        print_table(["sha256", "product", "decision", "score"], alarms, empty="")
    click.echo()
    for remark in card_words(card, names):
        click.echo(remark)


def _share(recall: Mapping[str, Any]) -> str:
    return f"{recall['found'] / recall['tried']:.0%}"
