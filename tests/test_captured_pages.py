"""What the reader makes of real captures, against what people read of them: nothing invented, no layout overrated."""

import json
from pathlib import Path

from declared_layouts import layouts, met

from benchmarks.extraction import GOALS, Page, share, tally
from counterfoil.marketplaces import BUILT_IN, read_folders
from crawlers.reading import ReadPage, read_page


def test_captures_are_read_as_people_read_them_and_by_the_layouts_that_are_called_tried(test_data: Path) -> None:
    folder = test_data / "pages"
    truth = json.loads((folder / "truth.json").read_text())
    built_ins = read_folders([BUILT_IN])
    pages: list[Page] = [(name, (folder / name).read_bytes(), known) for name, known in truth.items()]
    read: list[ReadPage] = []

    def reader(body: bytes, url: str | None) -> list[dict[str, object]]:
        read.append(read_page(body, url, known=built_ins))
        return [{**one, "image": one["images"]} for one in read[-1].as_json()["listings"]]

    counted, _, crashes = tally(pages, reader)
    assert (len(read), crashes) == (len(truth), 0)
    assert {field: counts["invented"] for field, counts in counted["all"].items()} == dict.fromkeys(GOALS, 0)
    assert {field for field, goal in GOALS.items() if share(counted["all"][field]) < goal} == set()
    assert layouts(built_ins, untried=False) - met(read) == set()
    assert layouts(built_ins, untried=True) & met(read) == set()
