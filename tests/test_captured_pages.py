"""What the reader makes of real captures, against what people read of them: nothing invented, no layout overrated."""

import json
from pathlib import Path

from test_marketplaces import BUILT_INS, layouts

from benchmarks.extraction import GOALS, Page, share, tally
from crawlers.reading import ReadPage, read_page


def test_captures_are_read_as_people_read_them_and_by_the_layouts_that_are_called_tried(test_data: Path) -> None:
    folder = test_data / "pages"
    truth = json.loads((folder / "truth.json").read_text())
    pages: list[Page] = [(name, (folder / name).read_bytes(), known) for name, known in truth.items()]
    read: list[ReadPage] = []

    def reader(body: bytes, url: str | None) -> list[dict[str, object]]:
        read.append(read_page(body, url, known=BUILT_INS))
        return [{**one, "image": one["images"]} for one in read[-1].as_json()["listings"]]

    counted, _, crashes = tally(pages, reader)
    assert (len(read), crashes) == (len(truth), 0)
    assert {field: counts["invented"] for field, counts in counted["all"].items()} == dict.fromkeys(GOALS, 0)
    assert {field for field, goal in GOALS.items() if share(counted["all"][field]) < goal} == set()
    named = {(one.marketplace, said) for one in read for listing in one.listings for said in listing.sources.values()}
    met = {(name, said.removeprefix("declared:").removesuffix(", gallery")) for name, said in named}
    assert layouts(untried=False) - met == set()
    assert layouts(untried=True) & met == set()
