"""The command line as a person meets it: what it prints, what it refuses, and that a refusal changes nothing."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw

from console.cli import cli

Run = Callable[..., Result]

DECLARATION = """
name: example
title: Example
url: https://shop.example/
exercised: never run
search: {url: "https://shop.example/s?q={query}", card: li, link: "a::attr(href)"}
listing: {url: "^/l/(?P<id>[^/]+)$"}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command on a fresh data folder with one declared marketplace."""
    folder = tmp_path / "data" / "marketplaces" / "example"
    folder.mkdir(parents=True)
    (folder / "marketplace.yaml").write_text(DECLARATION)
    settings = {"COUNTERFOIL_DATA": str(tmp_path / "data"), "COUNTERFOIL_CONTACT": "tests@example.com"}

    def invoke(*arguments: str, expect: int = 0, **extra: str) -> Result:
        result = CliRunner().invoke(cli, arguments, env={**settings, **extra}, catch_exceptions=False)
        assert result.exit_code == expect, f"{arguments}: {result.exit_code}\n{result.output}"
        return result

    return invoke


def draw(path: Path, seed: int = 1) -> Path:
    chance = random.Random(seed)
    image = Image.new("RGB", (200, 200), "white")
    for _ in range(30):
        x, y = chance.randrange(200), chance.randrange(200)
        colour = tuple(chance.randrange(256) for _ in range(3))
        ImageDraw.Draw(image).ellipse((x, y, x + 60, y + 40), fill=colour)
    image.save(path)
    return path


def products(run: Run) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("product", "list", "--json").stdout.splitlines()]


def test_a_product_is_registered_with_its_picture_shown_and_removed(run: Run, tmp_path: Path) -> None:
    run("brand", "add", "Acme", "--alias", "艾克美")
    made = run(
        *("product", "add", "Trail 30", "--brand", "Acme", "--sku", "A-1", "--keyword", "backpack"),
        *("--price", "80..120.50", "--currency", "EUR", "--image", str(draw(tmp_path / "a.png"))),
    )
    assert "1 new pictures" in made.stdout
    shown = run("product", "show", "A-1").stdout
    assert "80 to 120.50 EUR" in shown and "a.png" in shown and "Acme" in shown
    run("product", "remove", "Trail 30")
    assert products(run) == []
    assert "Acme" in run("brand", "list").stdout


def test_a_folder_of_folders_is_imported_and_twice_changes_nothing(run: Run, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / "photos" / f"Lamp {number}").mkdir(parents=True)
        draw(tmp_path / "photos" / f"Lamp {number}" / "own.png", number)
    run("brand", "add", "Acme")
    assert "2 of 2 imported" in run("product", "import", str(tmp_path / "photos"), "--brand", "Acme").stderr
    before, revision = products(run), run("owner", "show", "default").stdout
    assert "0 new pictures" in run("product", "import", str(tmp_path / "photos"), "--brand", "Acme").stdout
    assert (products(run), run("owner", "show", "default").stdout) == (before, revision)


def test_a_csv_row_is_imported_whole_or_not_at_all_and_failures_name_the_row(run: Run, tmp_path: Path) -> None:
    draw(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    (tmp_path / "list.csv").write_text(
        "name,brand,price_low,price_high,currency,images\n"
        "Good,Acme,10,20,EUR,good.png\n"
        "Broken,Acme,10,20,EUR,good.png|broken.png\n"
        "Missing,Acme,10,20,EUR,gone.png\n"
        "Priceless,Acme,10,20,,good.png\n"
        "Stranger,Nobody,10,20,EUR,good.png\n"
    )
    run("brand", "add", "Acme")
    result = run("product", "import", str(tmp_path / "list.csv"), expect=1)
    assert [one["name"] for one in products(run)] == ["Good"]
    assert "1 of 5 imported, 4 refused" in result.stderr
    for place, reason in (
        ("line 3", "broken.png"),
        ("line 4", "gone.png"),
        ("line 5", "no currency"),
        ("line 6", "'Nobody'"),
    ):
        assert any(place in line and reason in line for line in result.stderr.splitlines()), result.stderr


def test_a_csv_with_the_wrong_columns_is_refused_and_the_right_ones_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("titel,preis\nLampe,10\n")
    result = run("product", "import", str(tmp_path / "list.csv"), expect=2)
    assert "'titel'" in result.stderr and "official_pages" in result.stderr
    assert products(run) == []


def test_a_plain_picture_is_registered_with_a_warning(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (300, 300), "navy").save(tmp_path / "flat.png")
    run("brand", "add", "Acme")
    result = run("product", "add", "Box", "--brand", "Acme", "--image", str(tmp_path / "flat.png"))
    assert "too plain" in result.stderr


def test_a_picture_at_an_internal_address_is_not_fetched(run: Run) -> None:
    run("brand", "add", "Acme")
    result = run("product", "add", "X", "--brand", "Acme", "--image", "http://169.254.169.254/latest", expect=1)
    assert "not a public address" in result.stderr
    assert products(run) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--marketplace", "nowhere", "--every", "1d"), "no marketplace named 'nowhere'"),
        (("--marketplace", "example", "--cron", "0 0 30 2 *"), "never fires"),
        (("--marketplace", "example", "--cron", "61 * * * *"), "malformed"),
        (("--marketplace", "example", "--cron", "hourly"), "five fields"),
        (("--marketplace", "example", "--every", "soon"), "no interval"),
        (("--marketplace", "example", "--every", "1d", "--time-zone", "Mars/Base"), "no time zone"),
        (("--marketplace", "example"), "either --cron or --every"),
        (("--marketplace", "ebay", "--every", "1d"), "COUNTERFOIL_EBAY_CLIENT_SECRET are not set. Set them"),
        (("--marketplace", "amazon", "--every", "1d"), "counterfoil import FILES --marketplace amazon"),
    ],
)
def test_a_monitor_that_cannot_work_is_refused_with_the_reason(
    run: Run, arguments: tuple[str, ...], reason: str
) -> None:
    expected = 1 if "nowhere" in arguments else 2
    result = run("monitor", "add", "m", "--query", "lamp", *arguments, expect=expected)
    assert reason in result.stderr
    assert "No monitors yet" in run("monitor", "list").stderr


def test_with_keys_of_its_api_a_marketplace_is_monitored(run: Run) -> None:
    keys = {"COUNTERFOIL_EBAY_CLIENT_ID": "app", "COUNTERFOIL_EBAY_CLIENT_SECRET": "s3cret"}
    made = run("monitor", "add", "m", "--marketplace", "ebay", "--query", "lamp", "--every", "1d", **keys)
    assert "with your keys" in made.stderr and "m, 1 queries" in made.stdout


def test_a_monitor_without_a_contact_is_refused(run: Run) -> None:
    arguments = ("monitor", "add", "m", "--marketplace", "example", "--query", "lamp", "--every", "1d")
    assert "COUNTERFOIL_CONTACT" in run(*arguments, expect=2, COUNTERFOIL_CONTACT="").stderr


def test_a_monitor_states_the_route_first_and_shows_its_next_times(run: Run) -> None:
    made = run("monitor", "add", "m", "--marketplace", "example", "--query", "lamp", "--cron", "30 2 * * *")
    assert "route crawl; never run" in made.stderr
    shown = run("monitor", "show", "m").stdout
    assert shown.count("02:30:00 UTC") >= 5 and "lamp" in shown


def test_a_monitor_is_paused_resumed_run_and_removed(run: Run) -> None:
    run("monitor", "add", "m", "--marketplace", "example", "--query", "lamp", "--every", "6h")
    run("monitor", "pause", "m")
    assert "paused" in run("monitor", "list").stdout
    run("monitor", "resume", "m")
    assert "not paused" in run("monitor", "resume", "m", expect=1).stderr
    run("monitor", "run", "m")
    assert "still open" in run("monitor", "run", "m", expect=1).stderr
    runs = [json.loads(line) for line in run("run", "list", "--json").stdout.splitlines()]
    assert sorted(one["state"] for one in runs) == ["open", "skipped"]
    run("run", "cancel", str(min(one["id"] for one in runs)))
    assert "cancelled" in run("run", "show", str(min(one["id"] for one in runs))).stdout
    run("monitor", "remove", "m")
    assert "No monitors yet" in run("monitor", "list").stderr


def test_owners_see_nothing_of_each_other(run: Run) -> None:
    run("owner", "add", "One")
    run("owner", "add", "Two")
    run("--owner", "One", "brand", "add", "Acme")
    run("--owner", "One", "product", "add", "Lamp", "--brand", "Acme")
    assert "No products yet" in run("--owner", "Two", "product", "list").stderr
    assert "no brand" in run("--owner", "Two", "brand", "show", "Acme", expect=1).stderr
    assert "no product" in run("--owner", "Two", "product", "show", "1", expect=1).stderr
    assert "no owner" in run("--owner", "Three", "brand", "list", expect=1).stderr


def test_a_damaged_database_is_refused_and_left_as_it_is(run: Run, tmp_path: Path) -> None:
    run("brand", "add", "Acme")
    file = tmp_path / "data" / "counterfoil.sqlite"
    for name in ("counterfoil.sqlite-wal", "counterfoil.sqlite-shm"):
        (tmp_path / "data" / name).unlink(missing_ok=True)
    damaged = b"\0" * 4_096 + file.read_bytes()[4_096:]
    file.write_bytes(damaged)
    result = run("brand", "list", expect=2)
    assert "damaged" in result.stderr
    assert file.read_bytes() == damaged


def test_a_missing_database_in_a_used_folder_is_never_replaced_by_an_empty_one(run: Run, tmp_path: Path) -> None:
    run("brand", "add", "Acme")
    run("product", "add", "Lamp", "--brand", "Acme", "--image", str(draw(tmp_path / "a.png")))
    for file in (tmp_path / "data").glob("counterfoil.sqlite*"):
        file.unlink()
    assert "missing" in run("brand", "list", expect=2).stderr
    assert not (tmp_path / "data" / "counterfoil.sqlite").exists()


def test_an_unknown_setting_stops_the_start_and_is_named(run: Run) -> None:
    assert "COUNTERFOIL_TRESHOLD" in run("brand", "list", expect=2, COUNTERFOIL_TRESHOLD="1").stderr


def test_settings_are_listed_without_their_secrets(run: Run) -> None:
    result = run("settings", COUNTERFOIL_PROXY="http://me:hunter2@proxy.example:3128")
    assert "COUNTERFOIL_PROXY" in result.stdout and "hunter2" not in result.stdout


def test_searching_an_empty_installation_says_so(run: Run) -> None:
    assert "Nothing found" in run("search", "lamp").stderr
    assert run("search", "lamp", "--json").stdout == ""
    assert "agree" in run("index", "verify").stderr
    assert "first suspected" in run("search", "lamp", "--histogram", "week").stderr
    assert "Nothing is parked" in run("index", "parked", "--retry").stderr


def test_a_search_while_the_index_is_away_is_one_error_with_the_remedy(run: Run) -> None:
    away = {"COUNTERFOIL_INDEX_URL": "http://127.0.0.1:1", "COUNTERFOIL_INDEX_SECONDS": "1"}
    said = run("search", "lamp", expect=1, **away).stderr
    assert "cannot be reached" in said and "COUNTERFOIL_INDEX_URL" in said and "Traceback" not in said
    assert "COUNTERFOIL_INDEX_URL" in run("search", expect=2, COUNTERFOIL_INDEX_URL="search.example").stderr


def test_rates_are_imported_and_shown_and_bad_ones_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("date,base,currency,rate\n2026-11-20,EUR,USD,1.08\n")
    run("rates", "import", str(tmp_path / "rates.csv"))
    assert "1.08" in run("rates", "show").stdout
    (tmp_path / "rates.csv").write_text("date,base,currency,rate\n2026-11-20,EUR,USD,free\n")
    assert "Line 2" in run("rates", "import", str(tmp_path / "rates.csv"), expect=2).stderr


def test_sellers_are_authorised_from_a_csv_and_taken_back(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sellers.csv").write_text("marketplace,seller_id,name\nexample,s1,Flagship\nnowhere,s2,\n")
    result = run("seller", "import", str(tmp_path / "sellers.csv"), expect=1)
    assert "line 3" in result.stderr and "'nowhere'" in result.stderr
    assert "Flagship" in run("seller", "list").stdout
    run("seller", "remove", "example", "s1")
    assert "No authorised sellers" in run("seller", "list").stderr
