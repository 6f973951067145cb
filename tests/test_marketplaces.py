"""Declarations of marketplaces: data in YAML, read whole or refused with file and field."""

import json
import re
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml
from cssselect import HTMLTranslator
from declared_layouts import layouts, met

from console.declaration_cases import differences
from counterfoil.exceptions import InvalidDeclaration, UnknownMarketplace
from counterfoil.marketplaces import BUILT_IN, get_marketplace, load_marketplaces, read_declaration, read_folders
from counterfoil.settings import Settings
from crawlers.addresses import kept_address, listing_id, search_address
from crawlers.reading import read_page
from crawlers.recorded_pages import Case

DECLARED: dict[str, Any] = {
    "name": "market",
    "title": "Market",
    "url": "https://www.market.example/",
    "exercised": "read by this test",
    "search": {"url": "https://www.market.example/s/{query}?p={page}", "card": ".card", "link": "a"},
    "listing": {"url": r"^/listing/(?P<id>\d+)"},
}


def declare(folder: Path, name: str = "market", **changes: Any) -> Path:
    file = folder / name / "marketplace.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump({**DECLARED, "name": name, **changes}), encoding="utf-8")
    return file


def test_a_declaration_is_read_with_its_defaults(tmp_path: Path) -> None:
    market = read_declaration(declare(tmp_path))
    assert (market.name, market.route, market.listing.required) == ("market", "crawl", ("title",))
    assert (market.politeness.delay, market.politeness.concurrency, market.politeness.crawls) == (1.0, 1, 1)


def test_a_declaration_that_was_written_anew_is_read_anew_and_one_that_was_not_is_not(tmp_path: Path) -> None:
    file = declare(tmp_path)
    (before, again) = (read_folders([tmp_path])["market"] for _ in range(2))
    assert before is again
    file.write_text(yaml.safe_dump({**DECLARED, "title": "Bazaar"}))
    assert read_folders([tmp_path])["market"].title == "Bazaar"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": None}, "title"),
        ({"name": "Market!"}, "name"),
        ({"colour": "red"}, "colour"),
        ({"route": "magic"}, "route"),
        ({"search": {**DECLARED["search"], "url": "https://m.example/s"}}, "{query}"),
        ({"listing": {"url": "^/listing/"}}, "(?P<id>...)"),
        ({"listing": {"url": "^/listing/(?P<id>"}}, "regular expression"),
        ({"politeness": {"delay": -1}}, "politeness.delay"),
        ({"politeness": {"concurrency": 0}}, "politeness.concurrency"),
    ],
)
def test_what_is_wrong_is_refused_by_file_and_field(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    file = declare(tmp_path)
    file.write_text(yaml.safe_dump({**DECLARED, **change}))
    with pytest.raises(InvalidDeclaration) as refused:
        read_declaration(file)
    assert str(file) in str(refused.value)
    assert field in str(refused.value)


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "\x00", "just words"])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "marketplace.yaml"
    file.write_text(text)
    with pytest.raises(InvalidDeclaration, match=r"marketplace\.yaml"):
        read_declaration(file)


def test_yaml_cannot_make_objects(tmp_path: Path) -> None:
    file = tmp_path / "marketplace.yaml"
    file.write_text(f"name: !!python/object/apply:os.mkdir [{tmp_path / 'made'}]")
    with pytest.raises(InvalidDeclaration):
        read_declaration(file)
    assert not (tmp_path / "made").exists()


def test_an_operators_declaration_replaces_a_built_in_one(tmp_path: Path) -> None:
    declare(tmp_path / "ours", title="Ours")
    declare(tmp_path / "ours", "other")
    declare(tmp_path / "theirs", title="Theirs")
    known = read_folders([tmp_path / "ours", tmp_path / "theirs", tmp_path / "missing"])
    assert {name: market.title for name, market in known.items()} == {"market": "Theirs", "other": "Market"}


def test_the_data_folders_own_declarations_are_found(settings: Settings) -> None:
    declare(settings.data / "marketplaces")
    known = load_marketplaces(settings)
    assert get_marketplace(known, "market").title == "Market"
    with pytest.raises(UnknownMarketplace, match=r"'nowhere'.*market.*COUNTERFOIL_MARKETPLACES"):
        get_marketplace(known, "nowhere")


def test_every_built_in_declaration_can_be_read() -> None:
    assert set(read_folders([BUILT_IN])) == {file.parent.name for file in BUILT_IN.glob("*/marketplace.yaml")}


def test_a_query_is_put_into_the_search_address_as_it_is(tmp_path: Path) -> None:
    market = read_declaration(declare(tmp_path))
    assert search_address(market, "red lamp", 2) == "https://www.market.example/s/red%20lamp?p=2"
    assert search_address(market, "a/b&c={page}", 1) == "https://www.market.example/s/a%2Fb%26c%3D%7Bpage%7D?p=1"
    assert search_address(market, "灯", 1).endswith("/s/%E7%81%AF?p=1")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://www.market.example/listing/7", "7"),
        ("https://market.example/listing/7?x=1#top", "7"),
        ("http://m.market.example:8080/listing/7", "7"),
        ("https://market.example.evil.example/listing/7", None),
        ("https://evilmarket.example/listing/7", None),
        ("https://www.market.example/help", None),
        ("ftp://www.market.example/listing/7", None),
        ("javascript:/listing/7", None),
        ("https://[www.market.example/listing/7", None),
    ],
)
def test_a_listing_is_told_by_its_address(tmp_path: Path, url: str, found: str | None) -> None:
    assert listing_id(read_declaration(declare(tmp_path)), url) == found


def test_an_id_may_stand_in_the_query_and_keeps_it_there(tmp_path: Path) -> None:
    market = read_declaration(declare(tmp_path, listing={"url": r"/item\.htm\?.*\bid=(?P<id>\d+)"}))
    url = "https://www.market.example/item.htm?spm=1&id=42"
    assert listing_id(market, url) == "42"
    assert kept_address(market, url) == "https://www.market.example/item.htm?id=42"


def test_what_results_pages_append_to_links_is_not_kept(tmp_path: Path) -> None:
    market = read_declaration(declare(tmp_path))
    assert kept_address(market, "https://www.market.example/listing/7?pos=3&session=x#buy") == (
        "https://www.market.example/listing/7"
    )


BUILT_INS = read_folders([BUILT_IN])
CASES = [path for name in sorted(BUILT_INS) for path in sorted((BUILT_IN / name / "pages").glob("*.json"))]


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_every_declared_layout_is_read_as_expected(path: Path) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    case = Case(path, said["url"], path.with_suffix(".body").read_bytes(), said["expected"])
    assert differences(case, BUILT_INS[path.parents[1].name]) == []


def test_every_layout_that_met_no_real_page_has_a_kept_one() -> None:
    pages = [(path.with_suffix(".body").read_bytes(), json.loads(path.read_text())["url"]) for path in CASES]
    read = [read_page(body, url, known=BUILT_INS) for body, url in pages]
    assert layouts(BUILT_INS, untried=True) - met(read) == set()


def test_every_built_in_marketplace_has_a_page_that_it_is_tried_on() -> None:
    assert {path.parents[1].name for path in CASES} == set(BUILT_INS)


@pytest.mark.parametrize("name", sorted(BUILT_INS))
def test_a_built_in_marketplace_says_what_was_tried_and_compiles(name: str) -> None:
    one = BUILT_INS[name]
    assert "never run live" in one.exercised and one.terms and one.countries and one.languages and one.domains
    assert {code for code in one.domains.values() if code} <= set(one.currencies)
    made = (one.listing.address or "").replace("{id}", "B000000001" if name == "amazon" else "123456789012")
    assert not made or listing_id(one, made)
    for paths in one.reading.data:
        for expression in (paths.records, *(text for value in paths.fields.values() for text in _each(value))):
            jmespath.compile(expression)
    for layout in (*one.reading.cards, *one.reading.page):
        for value in layout.fields.values():
            for selector in _each(value):
                HTMLTranslator().css_to_xpath(selector.partition("::")[0] or "*")
        for pattern in layout.patterns.values():
            assert re.compile(pattern).groups >= 1


def _each(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
