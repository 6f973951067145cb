from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.product_entries import COLUMNS, BadEntry, Entry, parse_price_range, read_entries
from counterfoil.exceptions import InvalidInput
from counterfoil.models import PriceRange

HEADING = ",".join(COLUMNS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "products.csv"


def read(file: Path, text: str) -> list[Entry | BadEntry]:
    file.write_text(text, encoding="utf-8")
    return list(read_entries(file))


def reasons(entries: list[Entry | BadEntry]) -> list[str]:
    return [f"{entry.place}: {entry.reason}" for entry in entries if isinstance(entry, BadEntry)]


# --------------------------------------------------------------------------------------------------------- CSV


def test_a_row_is_read_with_all_its_columns(file: Path) -> None:
    (entry,) = read(
        file,
        f"{HEADING}\n Trail 30 ,T-30,Acme,backpack | 背包,トレイル,80,120.50,EUR,"
        "https://acme.example/a|https://acme.example/b,photos/1.jpg|https://acme.example/2.jpg\n",
    )
    assert entry == Entry(
        place="line 2",
        name="Trail 30",
        sku="T-30",
        brand="Acme",
        keywords=("backpack", "背包"),
        aliases=("トレイル",),
        price_range=PriceRange(low=Decimal("80"), high=Decimal("120.50"), currency="EUR"),
        official_pages=("https://acme.example/a", "https://acme.example/b"),
        pictures=("photos/1.jpg", "https://acme.example/2.jpg"),
    )


def test_only_the_name_is_needed(file: Path) -> None:
    assert read(file, "name\nTrail 30\n") == [Entry(place="line 2", name="Trail 30")]


def test_columns_may_come_in_any_order(file: Path) -> None:
    (entry,) = read(file, "sku,name\nT-30,Trail 30\n")
    assert isinstance(entry, Entry)
    assert (entry.name, entry.sku) == ("Trail 30", "T-30")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_byte_order_mark_and_any_line_ending_are_understood(file: Path, ending: str) -> None:
    file.write_bytes(f"\ufeffname,sku{ending}Trail 30,1{ending}".encode())
    assert list(read_entries(file)) == [Entry(place="line 2", name="Trail 30", sku="1")]


def test_quoted_fields_may_hold_commas_quotes_and_lines(file: Path) -> None:
    first, second = read(file, 'name,sku\n"Trail ""30"",\nblue",1\nTrail 40,2\n')
    assert isinstance(first, Entry)
    assert (first.place, first.name) == ("line 3", 'Trail "30",\nblue')
    assert second.place == "line 4"


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        ("title,price", "'title', 'price'"),
        ("sku,brand", "'name' is missing"),
        ("name,sku,sku", "twice: sku"),
    ],
)
def test_wrong_columns_refuse_the_file_and_tell_the_right_ones(file: Path, heading: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as caught:
        read(file, f"{heading}\nTrail 30,1,2\n")
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", f"{HEADING}\n", "name\n\n\n"])
def test_a_file_without_products_is_refused(file: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match=r"is empty|nothing below its heading"):
        read(file, text)


@pytest.mark.parametrize(
    "data",
    [
        "name\nTrail 30\nMüller".encode("latin-1"),
        b"\xff\xd8\xff\xe0JFIF",
        b"name\n" + b"Trail 30\n" * 5_000 + b"\xfc\n",
    ],
)
def test_a_file_that_is_not_utf_8_is_refused_before_its_first_row(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(InvalidInput, match="not UTF-8"):
        next(read_entries(file))


def test_a_quote_that_never_ends_refuses_the_file_before_its_first_row(file: Path) -> None:
    file.write_text('name,sku\nTrail 30,1\n"Trail 40,2\n')
    with pytest.raises(InvalidInput, match="no readable CSV"):
        next(read_entries(file))


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(InvalidInput, match=r"products\.csv cannot be read: No such file"):
        next(read_entries(file))


def test_ragged_rows_are_refused_one_by_one(file: Path) -> None:
    entries = read(file, "name,sku\nTrail 30\nTrail 40,2,3\nTrail 50,5\n\nTrail 60,6\n")
    (refusal,) = reasons(entries)
    assert refusal.startswith("line 3: it has 3 fields, and the heading has 2")
    named = [(entry.name, entry.sku) for entry in entries if isinstance(entry, Entry)]
    assert named == [("Trail 30", None), ("Trail 50", "5"), ("Trail 60", "6")]


@pytest.mark.parametrize("data", ["Name;SKU\nTrail 30;5,0\n".encode("utf-16"), b"name\tSKU \nTrail 30\t5,0\n"])
def test_a_table_is_read_as_any_spreadsheet_writes_it(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert list(read_entries(file)) == [Entry(place="line 2", name="Trail 30", sku="5,0")]


def test_a_command_reads_more_rows_than_an_upload_may_have(file: Path) -> None:
    assert len(read(file, "name\n" + "Trail 30\n" * 2_500)) == 2_500


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (",1,", "the name is empty"),
        ("  ,1,", "the name is empty"),
        (f"{'x' * 301},1,", "name is longer than 300"),
        (f"Trail,{'x' * 101},", "sku is longer than 100"),
        (f"Trail,1,{'x' * 201}", "brand is longer than 200"),
        ("Trail\0,1,", "NUL"),
    ],
)
def test_a_row_that_cannot_be_kept_is_refused_with_its_reason(file: Path, row: str, told: str) -> None:
    (refusal,) = reasons(read(file, f"name,sku,brand\n{row}\n"))
    assert told in refusal
    assert refusal.startswith("line 2: ")


def test_a_row_with_a_bad_price_is_refused_and_the_next_is_read(file: Path) -> None:
    entries = read(file, "name,price_low,currency\nTrail 30,80,\nTrail 40,80,EUR\n")
    assert reasons(entries) == ["line 2: the price 80 has no currency: give its three-letter code, such as EUR"]
    assert isinstance(entries[1], Entry)


# ------------------------------------------------------------------------------------------------------ prices


def test_a_price_range_is_two_amounts_and_a_currency() -> None:
    assert parse_price_range("80", "120.50", "EUR") == PriceRange(
        low=Decimal("80"), high=Decimal("120.50"), currency="EUR"
    )


def test_one_amount_is_both_ends() -> None:
    expected = PriceRange(low=Decimal("80"), high=Decimal("80"), currency="EUR")
    assert parse_price_range("80", "", "EUR") == parse_price_range("", "80", "EUR") == expected


def test_without_anything_there_is_no_price() -> None:
    assert parse_price_range("", "", "") is None


@pytest.mark.parametrize(
    ("low", "high", "currency", "told"),
    [
        ("80", "120", "", "no currency"),
        ("", "120", "", "120 has no currency"),
        ("", "", "EUR", "without a price"),
        ("80", "120", "eur", "no currency code"),
        ("80", "120", "€", "no currency code"),
        ("80", "120", "EURO", "no currency code"),
        ("120", "80", "EUR", "above the highest"),
        ("80,00", "120", "EUR", "digits with a point"),
        ("1.299,90", "2000", "EUR", "digits with a point"),
        ("80 EUR", "", "EUR", "digits with a point"),
        ("0", "120", "EUR", "above zero"),
        ("-5", "120", "EUR", "no price"),
        ("nan", "120", "EUR", "no price"),
        ("inf", "120", "EUR", "no price"),
        ("1e3", "", "EUR", "no price"),
        ("1_000", "", "EUR", "no price"),
        ("1" * 16, "", "EUR", "no price"),
        ("0.0000001", "", "EUR", "no price"),
    ],
)
def test_a_price_that_is_none_is_refused_with_its_reason(low: str, high: str, currency: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        parse_price_range(low, high, currency)


TYPED = st.text("0123456789.,-eE _€USD", max_size=8)


@given(TYPED, TYPED, TYPED)
def test_whatever_is_typed_is_a_price_range_or_refused(low: str, high: str, currency: str) -> None:
    try:
        found = parse_price_range(low, high, currency)
    except InvalidInput:
        return
    assert found is None or 0 < found.low <= found.high
    assert (found is None) == (low == high == currency == "")


# ----------------------------------------------------------------------------------------------------- folders


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a picture")


def test_each_folder_is_a_product_with_its_pictures(tmp_path: Path) -> None:
    for name in ("Trail 30/b.JPG", "Trail 30/a.png", "背包/1.webp", "Trail 30/notes.txt", "loose.jpg"):
        picture(tmp_path / name)
    assert list(read_entries(tmp_path)) == [
        Entry(place="folder Trail 30", name="Trail 30", pictures=("Trail 30/a.png", "Trail 30/b.JPG")),
        Entry(place="folder 背包", name="背包", pictures=("背包/1.webp",)),
    ]


def test_hidden_files_and_folders_are_no_products_and_no_pictures(tmp_path: Path) -> None:
    for name in (".git/x.jpg", "Trail 30/._1.jpg", "Trail 30/1.jpg"):
        picture(tmp_path / name)
    (tmp_path / "Trail 30" / "more.jpg").mkdir()
    assert list(read_entries(tmp_path)) == [
        Entry(place="folder Trail 30", name="Trail 30", pictures=("Trail 30/1.jpg",))
    ]


def test_a_folder_without_pictures_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    picture(tmp_path / "Trail 40" / "1.jpg")
    (tmp_path / "Trail 30").mkdir()
    bad, good = read_entries(tmp_path)
    assert isinstance(bad, BadEntry)
    assert isinstance(good, Entry)
    assert (bad.place, good.name) == ("folder Trail 30", "Trail 40")
    assert ".jpg" in bad.reason


def test_a_folder_without_folders_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "1.jpg")
    with pytest.raises(InvalidInput, match="one folder of pictures for each product"):
        read_entries(tmp_path)


def test_a_folder_whose_name_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "M\udcfcller" / "1.jpg")
    (bad,) = read_entries(tmp_path)
    assert isinstance(bad, BadEntry)
    assert "UTF-8" in bad.reason
    assert bad.place.isascii()
