"""`counterfoil product`: reference products and their pictures."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from console.calibration_card import print_card, print_remarks
from console.output import print_fields, print_lines, print_table, say
from console.product_entries import Entry, parse_price_range, read_entries
from console.registration import Registered, register, register_entries
from console.session import Session
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput
from counterfoil.models import Product
from counterfoil.rates import write_amount
from counterfoil.store import products as stored
from counterfoil.store.brands import list_brands
from counterfoil.store.calibrations import get_card, request_calibration
from indexer.decoding import PictureDecoder


@click.group()
def product() -> None:
    """Products: what the fakes imitate, with your own pictures of it."""


@product.command()
@click.argument("name")
@click.option("--brand", required=True, metavar="NAME", help="Its brand, as registered.")
@click.option("--sku", metavar="CODE", help="Your own number for it.")
@click.option("--keyword", "keywords", multiple=True, metavar="WORDS", help="What people search for; repeatable.")
@click.option("--alias", "aliases", multiple=True, metavar="NAME", help="Another name, in any script; repeatable.")
@click.option("--price", metavar="LOW..HIGH", help="What it honestly costs new, for example 80..120.")
@click.option("--currency", metavar="CODE", help="Of the price, for example EUR.")
@click.option("--page", "pages", multiple=True, metavar="URL", help="An official page; repeatable.")
@click.option("--image", "images", multiple=True, metavar="FILE_OR_URL", help="Your own picture of it; repeatable.")
@click.pass_obj
def add(
    session: Session,
    name: str,
    brand: str,
    sku: str | None,
    keywords: tuple[str, ...],
    aliases: tuple[str, ...],
    price: str | None,
    currency: str | None,
    pages: tuple[str, ...],
    images: tuple[str, ...],
) -> None:
    """Register a product; past listings are judged against it without a crawl.

    \b
    Example:
      counterfoil product add 'Trail 30' --brand Acme --price 80..120 --currency EUR --image trail.jpg
    """
    from console.pictures import read_picture

    low, _, high = (price or "").partition("..")
    entry = Entry(
        place=name,
        name=name,
        sku=sku,
        keywords=keywords,
        aliases=aliases,
        price_range=parse_price_range(low.strip(), high.strip(), currency or ""),
        official_pages=pages,
    )
    pictures = [read_picture(source, Path(), session.settings) for source in images]
    with PictureDecoder(session.settings) as decoder:
        made = register(session, entry, pictures, brand=brand, fingerprinting=decoder.fingerprint)
    _tell(made)


@product.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="FILE_OR_FOLDER")
@click.option("--brand", metavar="NAME", help="The brand of products that name none.")
@click.pass_obj
def import_(session: Session, source: Path, brand: str | None) -> None:
    """Import a CSV or XLSX, or a folder with one folder of pictures for each product.

    Columns: name, sku, brand, keywords, aliases, price_low, price_high, currency, official_pages, images. Lists are
    separated by |; images are paths relative to the file, or addresses. A row is imported whole or not at all; twice
    changes nothing.

    \b
    Example:
      counterfoil product import products.csv
      counterfoil product import photos/ --brand Acme
    """
    folder = source if source.is_dir() else source.parent
    with PictureDecoder(session.settings) as decoder:
        made = register_entries(
            session, read_entries(source), folder=folder, brand=brand, fingerprinting=decoder.fingerprint
        )
        refused = _summarise(made)
    if refused:
        raise click.exceptions.Exit(1)


@product.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List your products.

    \b
    Example:
      counterfoil product list
    """
    with session.read() as connection:
        found = stored.list_products(connection, session.owner.id)
        brands = {brand.id: brand.name for brand in list_brands(connection, session.owner.id)}
    if as_json:
        print_lines(found)
        return
    rows = [(one.id, one.sku, brands[one.brand_id], one.name, _price(one)) for one in found]
    print_table(["id", "sku", "brand", "name", "price"], rows, empty="No products yet: counterfoil product import FILE")


@product.command()
@click.argument("product")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.pass_obj
def show(session: Session, product: str, as_json: bool) -> None:
    """Show a product (by id, SKU or name), its pictures, and what its calibration says.

    \b
    Example:
      counterfoil product show A-100
    """
    with session.read() as connection:
        one = stored.find_product(connection, session.owner.id, product)
        images = stored.list_reference_images(connection, session.owner.id, one.id)
        brands = {brand.id: brand.name for brand in list_brands(connection, session.owner.id)}
        kept = get_card(connection, session.owner.id, one.id)
        names = stored.product_names(connection, session.owner.id)
    if as_json:
        print_lines([{**asdict(one), "images": images, "calibration": kept}])
        return
    print_fields(
        {
            "id": one.id,
            "name": one.name,
            "brand": brands[one.brand_id],
            "sku": one.sku,
            "keywords": one.keywords,
            "aliases": one.aliases,
            "price": _price(one),
            "official pages": one.official_pages,
        }
    )
    rows = [(image.id, image.image_sha256, image.source) for image in images]
    print_table(["image", "sha256", "source"], rows, empty="No pictures: only names and prices are compared.")
    print_remarks(kept, names)


@product.command()
@click.argument("product")
@click.option("--json", "as_json", is_flag=True, help="The card as JSON.")
@click.pass_obj
def calibrate(session: Session, product: str, as_json: bool) -> None:
    """Edit a product's pictures (by id, SKU or name) as sellers do, and see which copies would be found.

    Also looks up your other products' pictures and crawled ones, and says which would be taken for this product. The
    service does the same by itself after a product's pictures have changed; `product show` tells what came of it.

    \b
    Example:
      counterfoil product calibrate A-100
    """
    from indexer.calibrating import calibrate_product

    with session.act("product.calibrate", product) as connection:
        one = stored.find_product(connection, session.owner.id, product)
        if not stored.list_reference_images(connection, session.owner.id, one.id):
            raise InvalidInput(f"{one.name} has no pictures to calibrate: counterfoil product add {one.name!r} --image")
        request_calibration(connection, session.owner.id, one.id, now())
        names = stored.product_names(connection, session.owner.id)
    kept = calibrate_product(session.store, session.evidence, session.settings, session.owner.id, one.id)
    if as_json:
        print_lines([kept.card])
    elif kept.card is not None:
        print_card(kept.card, names)


@product.command()
@click.argument("product")
@click.pass_obj
def remove(session: Session, product: str) -> None:
    """Take a product back (by id, SKU or name); its suspects are judged again without it, verdicts stay.

    \b
    Example:
      counterfoil product remove A-100
    """
    with session.act("product.remove", product) as connection:
        one = stored.find_product(connection, session.owner.id, product)
        stored.remove_product(connection, session.owner.id, one.id, now())
    click.echo(f"product {one.id}: {one.name} removed")


def _summarise(made: Iterable[Registered]) -> int:
    count = refused = 0
    for one in made:
        count += 1
        refused += one.refused is not None
        _tell(one)
    say(f"{count - refused} of {count} imported" + (f", {refused} refused" if refused else ""))
    return refused


def _tell(one: Registered) -> None:
    if one.product is None:
        say(f"{one.place}: refused{f' ({one.name})' if one.name else ''}: {one.refused}")
        return
    click.echo(f"product {one.product.id}: {one.product.name}, {one.pictures} new pictures")
    for source in one.plain:
        say(f"  {source} is too plain to find copies of: add a picture that shows more of the product")


def _price(one: Product) -> str:
    price = one.price_range
    return f"{write_amount(price.low)} to {write_amount(price.high)} {price.currency}" if price else ""


commands = (product,)
