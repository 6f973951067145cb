"""How well the reader reads real captures: right, wrong, missing and invented values for each marketplace and field.

    COUNTERFOIL_TEST_DATA=/work/shared/data python -m benchmarks.extraction [SUBSTRING]

Beside it, in the same run over the same pages, naive structured data: the first JSON-LD product, else the first
microdata product, else OpenGraph, its first offer taken as it stands. The truth was read by eye; a value that it says
is not shown counts as invented.
"""

import json
import os
import resource
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from counterfoil.marketplaces import BUILT_IN, read_folders
from crawlers.reading import read_page
from crawlers.reading.context import PageContext
from crawlers.reading.documents import open_page
from crawlers.reading.text import bare, one_line
from crawlers.structured import products
from crawlers.values import text_of

FIELDS = ("title", "price", "currency", "id", "seller", "image")
GOALS = {"price": 95, "currency": 95, "title": 98, "id": 98, "seller": 90, "image": 98}

Listing = dict[str, Any]
Page = tuple[str, bytes, dict[str, Any]]
Reader = Callable[[bytes, str | None], list[Listing]]


def main() -> None:
    """Print a table for each reader and a RESULT line for each figure."""
    folder = Path(os.environ["COUNTERFOIL_TEST_DATA"]) / "pages"
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    pages = [(name, (folder / name).read_bytes(), known) for name, known in truth.items() if only in name]
    ours, seconds, crashes = tally(pages, _read)
    naive, _, _ = tally([page for page in pages if page[2].get("kind") == "product"], _naive)
    _print("counterfoil", ours)
    _print("naive structured data (product pages)", naive)
    for field in FIELDS:
        print(f"RESULT extraction_{field}_right_percent {share(ours['all'][field]):.1f} {GOALS[field]}")
    products_only, _, _ = tally([page for page in pages if page[2].get("kind") == "product"], _read)
    for field in ("price", "currency"):
        print(
            f"RESULT extraction_{field}_right_percent_products {share(products_only['all'][field]):.1f} {GOALS[field]}"
        )
        print(f"RESULT extraction_{field}_right_percent_products_naive {share(naive['all'][field]):.1f} -")
    print(f"RESULT extraction_invented_values {sum(counts['invented'] for counts in ours['all'].values())} 0")
    print(f"RESULT extraction_crashes {crashes} 0")
    print(f"RESULT extraction_median_cpu_milliseconds {1000 * statistics.median(seconds):.0f} 50")
    print(f"RESULT extraction_worst_cpu_milliseconds {1000 * max(seconds):.0f} 2000")
    print(f"RESULT extraction_megabytes {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} 200")


_known = read_folders([BUILT_IN])


def _read(body: bytes, url: str | None) -> list[Listing]:
    listings = read_page(body, url, known=_known).as_json()["listings"]
    return [{**one, "image": one["images"]} for one in listings]


def _naive(body: bytes, url: str | None) -> list[Listing]:
    opened = open_page(body)
    page = PageContext(opened.text, opened.root(), url)
    node = next(iter([*products(page.nodes), *products(page.items)]), None)
    if node is None:
        meta = {name: values[0] for name, values in page.meta.items()}
        node = {
            "name": meta.get("og:title"),
            "image": meta.get("og:image"),
            "offers": {"price": meta.get("product:price:amount"), "priceCurrency": meta.get("product:price:currency")},
        }
    offers = node.get("offers")
    offer = offers[0] if isinstance(offers, list) and offers else offers if isinstance(offers, dict) else {}
    price = text_of(offer.get("price") or offer.get("lowPrice"))
    return [
        {
            "title": text_of(node.get("name")),
            "price": price,
            "currency": text_of(offer.get("priceCurrency")),
            "id": text_of(node.get("productID") or node.get("sku")),
            "seller": text_of(offer.get("seller")),
            "image": [one for one in [text_of(node.get("image"))] if one],
            "url": url,
        }
    ]


def tally(pages: list[Page], reader: Reader) -> tuple[dict[str, dict[str, Counter[str]]], list[float], int]:
    """What a reader makes of pages whose truth is known, by group and field; the seconds of each; how many failed."""
    table: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    seconds, crashes = [], 0
    for name, body, known in pages:
        start = time.process_time()
        try:
            found = reader(body, known.get("url"))
        except Exception as error:  # what a benchmark of a reader is there to count
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            found, crashes = [], crashes + 1
        seconds.append(time.process_time() - start)
        for expected, read in _pairs(known["listings"], found):
            for field in FIELDS:
                state = _state(field, expected, read)
                for group in (name.partition("/")[0], "all"):
                    table[group][field][state] += 1
    return table, seconds, crashes


def _pairs(expected: list[Listing], found: list[Listing]) -> Iterator[tuple[Listing, Listing]]:
    """Each listing of the truth with the one read that has its id, address or title; a lone one with a lone one."""
    left = list(found)
    for one in expected:
        match = next((read for test in (_same_id, _same_title) for read in left if test(one, read)), None)
        if match is None and len(expected) == 1 and len(found) == 1:
            match = found[0]
        if match is not None and match in left:
            left.remove(match)
        yield one, match or {}


def _right(expected: Listing, field: str) -> list[Any]:
    own = [expected[field]] if expected.get(field) is not None else []
    return [*own, *expected.get("accept", {}).get(field, [])]


def _same_id(expected: Listing, read: Listing) -> bool:
    ids = {str(value) for value in _right(expected, "id")}
    return bool(ids & {str(read.get(name)) for name in ("id", "sku") if read.get(name)}) or any(
        len(one) >= 5 and one in str(read.get("url")) for one in ids
    )


def _same_title(expected: Listing, read: Listing) -> bool:
    return any(bare(one) == bare(read.get("title")) for one in _right(expected, "title"))


def _state(field: str, expected: Listing, read: Listing) -> str:
    if field not in expected:
        return "unscored"
    value = read.get(field)
    if value in (None, "", []):
        return "missing" if expected[field] is not None else "absent"
    if any(_agree(field, one, value, read) for one in _right(expected, field)):
        return "right"
    return "wrong" if expected[field] is not None else "invented"


def _agree(field: str, expected: Any, value: Any, read: Listing) -> bool:
    if field == "price":
        try:
            return abs(Decimal(str(expected)) - Decimal(str(value))) <= Decimal("0.005")
        except InvalidOperation:
            return False
    if field == "image":
        return any(unquote(str(expected)).casefold() in unquote(str(one)).casefold() for one in value)
    if field == "id":
        given = {str(value), str(read.get("sku"))}
        return str(expected) in given or any(str(expected) in one.split("|") for one in given)
    if field == "currency":
        return str(expected) == str(value)
    short, long = sorted((bare(one_line(str(expected))), bare(one_line(str(value)))), key=len)
    return bool(short) and short in long and len(short) >= 0.6 * len(long)


def share(counts: Counter[str]) -> float:
    """How many of a hundred values that are shown were read right."""
    scored = counts["right"] + counts["wrong"] + counts["missing"]
    return 100 * counts["right"] / scored if scored else 100.0


def _print(title: str, tally: dict[str, dict[str, Counter[str]]]) -> None:
    print(f"\n{title}: right / wrong / missing / invented")
    print(f"{'':16}" + "".join(f"{field:>16}" for field in FIELDS))
    for group in sorted(tally, key=lambda name: (name == "all", name)):
        cells = (
            "/".join(str(tally[group][field][state]) for state in ("right", "wrong", "missing", "invented"))
            for field in FIELDS
        )
        print(f"{group:16}" + "".join(f"{cell:>16}" for cell in cells))
    print()


if __name__ == "__main__":
    main()
