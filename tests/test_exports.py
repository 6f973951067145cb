"""Whole searches as files: nothing is lost on the way, and nothing that a stranger wrote becomes a formula."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from index_documents import document
from openpyxl import load_workbook
from people import browser, new_account
from suspicion import add_suspect

from console.cli import cli
from console.exports import COLUMNS, ExportFormat, export
from console.session import Session
from counterfoil.models import Role
from indexer.embedded import EmbeddedIndex
from indexer.query import SuspectQuery

EVIL = '=HYPERLINK("http://evil.example","x")\n\x0b'
STARTS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "<script>", 'a "quoted", one', "ἀ 手机")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    """450 suspects, which are three pages, and one with each text that a spreadsheet may misread."""
    index = EmbeddedIndex(tmp_path / "index")
    index.begin_generation().publish()
    index.put([document(number) for number in range(1, 451)])
    index.put([document(1000 + place, title=title, score=0.1) for place, title in enumerate((*STARTS, EVIL))])
    yield index
    index.close()


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_same_suspects_stand_in_every_form_and_none_is_missing(index: EmbeddedIndex) -> None:
    written = {form: b"".join(export(index, SuspectQuery(owner_id=1, limit=7), form)) for form in ExportFormat}
    expected = [*range(1, 451), *range(1000, 1000 + len(STARTS) + 1)]
    assert [int(row["id"]) for row in rows_of(written[ExportFormat.CSV])] == expected
    assert [json.loads(line)["id"] for line in written[ExportFormat.JSONL].splitlines()] == expected
    sheet = load_workbook(io.BytesIO(written[ExportFormat.XLSX])).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == COLUMNS and [row[0] for row in rows[1:]] == expected


def test_no_cell_is_a_formula_and_every_text_can_still_be_read(index: EmbeddedIndex) -> None:
    query = SuspectQuery(owner_id=1, suspect_ids=tuple(range(1000, 1020)))
    sheet = load_workbook(io.BytesIO(b"".join(export(index, query, ExportFormat.XLSX)))).active
    assert sheet is not None
    cells = [row[COLUMNS.index("title")] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value.replace("_x000D_", "\r") for cell in cells] == [*STARTS, EVIL.replace("\x0b", "")]
    titles = [row["title"] for row in rows_of(b"".join(export(index, query, ExportFormat.CSV)))]
    assert not any(title.startswith(("=", "+", "-", "@", "\t", "\r")) for title in titles)
    assert [title.removeprefix("'") for title in titles] == [*STARTS, EVIL]


def test_it_ends_at_its_limit(index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.exports.MOST_EXPORTED", 210)
    data = b"".join(export(index, SuspectQuery(owner_id=1), ExportFormat.JSONL))
    assert len(data.splitlines()) == 210


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    session = Session()
    add_suspect(session, "=Lamp")
    with browser(session.installation, new_account(session.store, session.owner.id, role=Role.VIEWER)) as client:
        yield client


def test_pages_programs_and_the_command_line_write_the_same_file(client: TestClient) -> None:
    page = client.get("/suspects", params={"words": "lamp"}).text
    link = page.split(">CSV<")[0].rpartition('href="')[2].split('"')[0].replace("&amp;", "&")
    assert link == "/suspects/export?words=lamp&format=csv"
    answer = client.get(link)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="suspects-')
    (row,) = rows_of(answer.content)
    assert row["title"] == "'=Lamp" and row["first_suspected_at"].endswith("Z") and row["price"] == "48.90"
    assert client.get("/api/v1/suspect-export", params={"words": "lamp"}).content == answer.content
    printed = CliRunner().invoke(cli, ["search", "lamp", "--format", "csv"])
    assert printed.stdout_bytes == answer.content
    assert client.get("/suspects/export", params={"words": "bicycle"}).text.count("\n") == 1
    assert client.get("/api/v1/suspect-export", params={"price": "1..2"}).status_code == 422


def test_a_range_of_prices_or_days_narrows_the_list_down_and_a_wrong_one_is_said(client: TestClient) -> None:
    def found(**asked: str) -> bool:
        return "=Lamp" in client.get("/suspects", params=asked).text

    assert found(price_from="40", price_to="", currency="eur") and not found(price_from="50", currency="EUR")
    assert found(since="2020-01-01", until="2999-01-01") and not found(until="2020-01-01")
    for asked, said in (
        ({"price_from": "40"}, "needs a currency"),
        ({"price_from": "x", "currency": "EUR"}, "no price range"),
        ({"since": "yesterday"}, "is no day"),
    ):
        page = client.get("/suspects", params=asked)
        assert page.status_code == 422 and said in page.text and 'id="words"' in page.text
