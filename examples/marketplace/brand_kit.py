"""What the made-up brand owner would register: products, pictures, authorised sellers, exchange rates, as files."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from examples.marketplace.brand import RATES, BrandProduct, brand
from examples.marketplace.honest import official_pictures
from examples.marketplace.pictures import cooked

MARKETPLACE = "example"
_COLUMNS = (
    "name",
    "sku",
    "brand",
    "keywords",
    "aliases",
    "price_low",
    "price_high",
    "currency",
    "official_pages",
    "images",
)


def write_brand_kit(folder: Path, seed: int) -> None:
    """Write products.csv, images/, brand.json, sellers.csv and rates.csv; the CSV comes after the pictures it names."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for product in brand().products:
        for name, recipe in zip(_image_names(product), official_pictures(product, seed), strict=True):
            _write(folder / name, cooked(recipe))
    _write(folder / "brand.json", json.dumps(_brand(), ensure_ascii=False, indent=2).encode() + b"\n")
    sellers = [(MARKETPLACE, seller.id, seller.name) for seller in brand().authorised]
    _write(folder / "sellers.csv", _csv(("marketplace", "seller_id", "name"), sellers))
    _write(folder / "rates.csv", RATES.read_bytes())
    _write(folder / "products.csv", _csv(_COLUMNS, map(_row, brand().products)))


def _brand() -> dict[str, str | list[str]]:
    return {"name": brand().name, "aliases": list(brand().aliases)}


def _row(product: BrandProduct) -> Sequence[str]:
    return (
        product.name,
        product.sku,
        brand().name,
        "|".join(product.nouns.values()),
        product.alias,
        str(product.low),
        str(product.high),
        "EUR",
        f"https://pascovelle.example/products/{product.sku.lower()}",
        "|".join(_image_names(product)),
    )


def _image_names(product: BrandProduct) -> list[str]:
    return [f"images/{product.sku.lower()}-{number}.jpg" for number in range(1, product.references + 1)]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _write(path: Path, data: bytes) -> None:
    """All of the file or nothing of it: written beside it, synced, renamed."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
