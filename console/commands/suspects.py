"""`counterfoil suspect`, `verdict` and `assess`: looking at suspects, deciding, judging again."""

from datetime import UTC, datetime

import click

from console.output import absence_words, deleted_words, json_line, print_fields, print_table, say, when
from console.session import Session
from console.suspect_view import SuspectView, view_suspect
from console.wording import change_words
from counterfoil.clock import now
from counterfoil.evidence import Kind
from counterfoil.models import ListingFacts, ListingImage, VerdictKind
from counterfoil.rates import write_amount
from counterfoil.scoring.pictures import evidence_of
from counterfoil.store import suspects as stored
from counterfoil.store.listings import READ_FROM, RESULTS
from counterfoil.store.products import find_product
from counterfoil.store.snoozes import snooze, wake


@click.group()
def suspect() -> None:
    """Suspects: listings that look counterfeit, with their reasons."""


@suspect.command()
@click.argument("suspect_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.pass_obj
def show(session: Session, suspect_id: int, as_json: bool) -> None:
    """Show a suspect: what its page says, why it is suspected, who decided what.

    \b
    Example:
      counterfoil suspect show 42
    """
    with session.read() as connection:
        view = view_suspect(connection, session.owner.id, suspect_id)
    if as_json:
        click.echo(json_line(view))
    else:
        _print(session, view)


@suspect.command("snooze")
@click.argument("suspect_id", type=int)
@click.option("--until", type=click.DateTime(), metavar="DATE", help="Until then (UTC); without it until it changes.")
@click.pass_obj
def put_off(session: Session, suspect_id: int, until: datetime | None) -> None:
    """Put a suspect off until a time, or until its listing changes; it comes back by itself.

    \b
    Example:
      counterfoil suspect snooze 42 --until 2026-12-01
    """
    ends = until.replace(tzinfo=UTC) if until else None
    with session.act("suspect.snooze", f"suspect {suspect_id}", until=when(ends)) as connection:
        snooze(connection, session.owner.id, suspect_id, ends, now=now())
    click.echo(f"suspect {suspect_id}: put off until {when(ends) or 'its listing changes'}")


@suspect.command("wake")
@click.argument("suspect_id", type=int)
@click.pass_obj
def wake_up(session: Session, suspect_id: int) -> None:
    """Let a suspect that was put off wait for a decision again.

    \b
    Example:
      counterfoil suspect wake 42
    """
    with session.act("suspect.wake", f"suspect {suspect_id}") as connection:
        wake(connection, session.owner.id, suspect_id, now=now())
    click.echo(f"suspect {suspect_id}: waits again")


@click.command()
@click.argument("suspect_id", type=int)
@click.argument("kind", type=click.Choice([kind.value for kind in VerdictKind]))
@click.option("--note", metavar="TEXT", help="Why.")
@click.pass_obj
def verdict(session: Session, suspect_id: int, kind: str, note: str | None) -> None:
    """Decide about a suspect; the verdict names the version it judged, and later ones do not overwrite it.

    \b
    Example:
      counterfoil verdict 42 counterfeit --note 'our photo, mirrored; price a third of ours'
    """
    with session.act("verdict.add", f"suspect {suspect_id}", kind=kind) as connection:
        made = stored.add_verdict(
            connection,
            session.owner.id,
            suspect_id,
            VerdictKind(kind),
            note=note,
            decided_by=session.person,
            now=now(),
        )
    click.echo(f"suspect {suspect_id}: {made.kind}, decided by {made.decided_by} at {when(made.decided_at)}")


@click.command()
@click.argument("suspect_id", type=int)
@click.pass_obj
def undo(session: Session, suspect_id: int) -> None:
    """Take the last verdict on a suspect back: the one before it, or none, counts again.

    \b
    Example:
      counterfoil undo 42
    """
    with session.act("verdict.undo", f"suspect {suspect_id}") as connection:
        suspect = stored.undo_verdict(connection, session.owner.id, suspect_id, now=now())
    click.echo(f"suspect {suspect_id}: {suspect.verdict or 'not decided'}")


@click.command()
@click.option("--product", metavar="ID", help="Note this product (id, SKU or name) as the cause.")
@click.pass_obj
def assess(session: Session, product: str | None) -> None:
    """Judge past listings again, against all products, from kept fingerprints, without a crawl.

    \b
    Example:
      counterfoil assess --product A-100
    """
    from indexer.ingest import assess_product

    with session.read() as connection:
        product_id = find_product(connection, session.owner.id, product).id if product else None
    count = assess_product(session.store, session.evidence, session.settings, session.owner.id, product_id)
    click.echo(f"{count} listings judged again")


def _print(session: Session, view: SuspectView) -> None:
    facts = view.version.facts
    price = f"{write_amount(facts.price)} {facts.currency or '(no currency)'}" if facts.price is not None else None
    print_fields(
        {
            "suspect": view.suspect.id,
            "state": view.suspect.state,
            "score": f"{view.suspect.score:.2f}",
            "verdict": view.suspect.verdict,
            "title": facts.title,
            "price": price,
            "seller": f"{facts.seller.name or ''} ({facts.seller.key})" if facts.seller else None,
            "ships from": facts.ships_from,
            "marketplace": view.listing.marketplace,
            "address": facts.url,
            "first seen": view.listing.first_seen_at,
            "last seen": view.listing.last_seen_at,
            "absent": absence_words(view.absence) if view.absence else None,
            "version": view.version.number,
            "read from": _origin(facts),
            "pictures": tuple(map(_picture, facts.images)),
            "changed since the verdict": tuple(map(change_words, view.changes)),
            "body": deleted_words(view.version.body_deleted_at) if view.version.body_deleted_at else None,
        }
    )
    for assessment in view.assessments:
        name = view.product_names.get(assessment.product_id, "a product that was removed")
        click.echo(f"\n{name}: {assessment.score.value:.2f}  (judge {assessment.judge_version})")
        for reason in assessment.score.reasons:
            click.echo(f"  {reason.weight:4.2f}  {reason.text}")
        for match in assessment.matches:
            click.echo(
                f"        picture {_where(session, view, match.image_sha256)} ({match.decision}: {evidence_of(match)})"
            )
    if not view.verdicts:
        say("\nNo verdict yet: counterfoil verdict ID counterfeit|lookalike|authorised|unrelated|unsure")
        return
    click.echo()
    rows = [
        (one.decided_at, one.kind, one.decided_by, one.listing_version_id, one.note, one.undone_at)
        for one in view.verdicts
    ]
    print_table(["decided", "verdict", "by", "version id", "note", "taken back"], rows, empty="")


def _origin(facts: ListingFacts) -> str | None:
    """Where the version was read, where that was not the listing's own page as a crawl fetched it."""
    saved, shown = facts.attributes.get("saved_in"), facts.attributes.get(READ_FROM) == RESULTS
    where = f"the saved file {saved} (imported)" if saved else "a crawled page"
    return f"{where}, a page of results" if shown else where if saved else None


def _picture(image: ListingImage) -> str:
    if image.deleted_at:
        return f"{image.sha256} ({deleted_words(image.deleted_at)})"
    return image.sha256 or f"{image.url} ({image.error})"


def _where(session: Session, view: SuspectView, sha256: str) -> str:
    """Where a person finds one of the listing's pictures."""
    for image in view.version.facts.images:
        if image.sha256 == sha256 and image.deleted_at:
            return _picture(image)
    return session.evidence.where(Kind.IMAGE, sha256)


commands = (suspect, verdict, undo, assess)
