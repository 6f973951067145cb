"""The pages of monitors and runs: the guided form and its preview, the buttons, what a run's page tells and why."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from browsers import serving_pages
from click.testing import CliRunner
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from people import browser, new_account
from rows import new_monitor, new_product, new_run
from suspicion import add_suspect, declare_marketplace

from console.cli import cli
from console.guards.streams import MOST, MOST_OF_ONE, Streams
from console.outcomes import Sight, outcome_of, reason_words, remedy_for
from console.session import Session
from console.web import progress
from console.web.plots import HEIGHT, WIDTH, Step, draw
from console.web.schedules import Choice, Rhythm, choice_of, schedule_of, schedule_words
from counterfoil.clock import now
from counterfoil.exceptions import CounterfoilError, TooManyAttempts
from counterfoil.models import (
    CrawlCounters,
    CrawlQuality,
    CrawlState,
    FinishReason,
    Monitor,
    MonitorState,
    PageFailure,
    Role,
    RunState,
    Schedule,
    ScheduleKind,
    VerdictKind,
)
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.crawls import claim_crawl, close_crawl, list_crawls, report_progress
from counterfoil.store.history import CrawlEnd
from counterfoil.store.looks import new_since, note_look
from counterfoil.store.monitors import list_monitors
from counterfoil.store.runs import get_run, list_runs
from counterfoil.store.suspects import add_verdict, undo_verdict
from counterfoil.store.tables import accounts, runs, suspects
from indexer.query import SuspectQuery

FORM = {
    "name": "nightly",
    "scope": "all",
    "marketplace": ["example"],
    "rhythm": "daily",
    "at": "02:30",
    "time_zone": "Europe/Berlin",
    "step": "save",
}


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path) -> Session:
    """An owner with a product, on an installation that may crawl the example marketplace and nothing else."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    shutil.copy(sqlite_template, data)
    monkeypatch.setenv("COUNTERFOIL_DATA", str(data))
    monkeypatch.setenv("COUNTERFOIL_ALLOW_HOSTS", "127.0.0.1:8600")
    session = Session()
    declare_marketplace(session)
    new_product(session.store, session.owner.id, "Trail 30")
    return session


@pytest.fixture
def client(session: Session) -> Iterator[TestClient]:
    """A browser in which a manager is logged in."""
    account = new_account(session.store, session.owner.id, "mia", Role.MANAGER)
    with browser(session.installation, account) as client:
        yield client


def monitors(session: Session) -> list[Monitor]:
    with session.read() as connection:
        return list_monitors(connection, session.owner.id)


# ------------------------------------------------------------------------------------------------- the guided form


def test_the_form_says_of_every_market_how_it_is_read_and_why_one_cannot_be(client: TestClient) -> None:
    assert "Set up your first monitor" in client.get("/monitors").text
    page = client.get("/monitors/new").text
    usable, closed = page.split("cannot be watched as they are")
    assert 'value="example" checked' in usable and "Exercised" in usable
    # Its reason is the setting that is missing, and its box is not there to be ticked.
    assert "COUNTERFOIL_EBAY_CLIENT_ID" in closed and 'value="ebay"' not in page
    assert "counterfoil import FILES --marketplace taobao" in closed


def test_a_preview_shows_queries_and_the_next_five_runs_and_saves_nothing(client: TestClient, session: Session) -> None:
    page = client.post("/monitors/new", data={**FORM, "step": "preview", "words": "bag\n trail bag \n"}).text
    preview = page.split('id="preview"')[1]
    assert "<li>bag</li><li>trail bag</li>" in preview and "2 searches" in preview
    times = re.findall(r'datetime="([^"]+)"', preview)
    assert len(times) == 5 and len(set(times)) == 5
    # What was typed is still there, and nothing is saved.
    assert "Europe/Berlin" in page and "trail bag" in page.split("<textarea")[1].split("</textarea>")[0]
    assert monitors(session) == []


def test_saving_sets_the_monitor_up_and_leads_to_its_first_run(client: TestClient, session: Session) -> None:
    answer = client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs/1")
    (made,) = monitors(session)
    assert made.schedule == Schedule(kind=ScheduleKind.CRON, expression="30 2 * * *", time_zone="Europe/Berlin")
    # All products are meant as they are when it runs, not as they were when it was set up.
    assert made.product_ids == ()
    new_product(session.store, session.owner.id, "Trail 40")
    page = client.get(f"/monitors/{made.id}").text
    assert "<li>Acme Trail 30</li><li>Acme Trail 40</li>" in page and "every day at 02:30 (Europe/Berlin)" in page
    run = client.get("/runs/1").text
    assert "waits for a worker" in run and "0 of 1 crawls have ended" in run and "Cancel" in run
    again = client.post("/monitors/new", data=FORM)
    assert again.status_code == 422 and "named &#39;nightly&#39; already" in again.text


WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({"name": " "}, "Give the monitor a name"),
    ({"marketplace": []}, "Choose at least one marketplace"),
    ({"marketplace": ["nowhere"]}, "There is no marketplace named"),
    ({"marketplace": ["ebay"]}, "only through its official API"),
    ({"scope": "chosen"}, "Choose at least one product"),
    ({"scope": "chosen", "product": ["99"]}, "There is no product 99"),
    ({"at": "25:00"}, "The time of day is missing"),
    ({"rhythm": "interval", "number": "0", "unit": "m"}, "too short"),
    ({"rhythm": "cron", "cron": "61 * * * *"}, "cron line"),
    ({"rhythm": "cron", "cron": "0 0 30 2 *"}, "never fires"),
    ({"rhythm": "weekly", "weekday": "9"}, "Choose a day"),
    ({"time_zone": "Mars/Olympus"}, "no time zone"),
    ({"pages": "many"}, "Pages: expected a number"),
    ({"words": "x" * 301}, "Words, line 1"),
)


def test_what_is_wrong_with_the_form_is_said_beside_it_and_nothing_is_lost_or_saved(
    client: TestClient, session: Session
) -> None:
    for changes, said in WRONG:
        answer = client.post("/monitors/new", data={**FORM, **changes})
        assert answer.status_code == 422 and said in answer.text.split('role="alert">')[1].split("</p>")[0]
        assert 'value="example"' in answer.text
    assert monitors(session) == []


def test_a_monitor_is_changed_unless_somebody_else_did_meanwhile(client: TestClient, session: Session) -> None:
    client.post("/monitors/new", data=FORM)
    page = client.get("/monitors/1/edit").text
    etag = re.search(r'name="etag" value="([^"]+)"', page)
    assert etag is not None
    filled = {**FORM, "rhythm": "weekly", "weekday": "3", "etag": etag[1].replace("&#34;", '"')}
    before = monitors(session)[0]
    assert client.post("/monitors/1/edit", data={**filled, "step": "preview"}).status_code == 200
    assert monitors(session)[0] == before
    assert client.post("/monitors/1/edit", data=filled).headers["location"] == "/monitors/1"
    assert monitors(session)[0].schedule.expression == "30 2 * * 3"
    late = client.post("/monitors/1/edit", data={**filled, "name": "mine"})
    assert late.status_code == 412 and monitors(session)[0].name == "nightly"


def test_a_monitor_is_paused_resumed_run_and_removed_by_buttons(client: TestClient, session: Session) -> None:
    client.post("/monitors/new", data=FORM)
    client.post("/monitors/1/pause")
    assert monitors(session)[0].state is MonitorState.PAUSED and "paused" in client.get("/monitors").text
    client.post("/monitors/1/resume")
    assert monitors(session)[0].next_due_at is not None
    assert client.post("/monitors/1/runs").headers["location"] == "/runs/1"
    skipped = client.get(client.post("/monitors/1/runs").headers["location"]).text
    assert "an earlier run of the same monitor was still open" in skipped and 'href="/runs/1"' in skipped
    assert client.post("/monitors/1/remove").status_code == 422
    assert client.post("/monitors/1/remove", data={"sure": "yes"}).headers["location"] == "/monitors"
    assert monitors(session) == [] and "A monitor that was removed" in client.get("/runs/1").text
    with session.read() as connection:
        actions = [entry.action for entry in list_audit_entries(connection, session.owner.id)]
    assert actions[:5] == ["monitor.remove", "monitor.run", "monitor.run", "monitor.resume", "monitor.pause"]


def test_a_viewer_sees_monitors_and_runs_without_buttons(client: TestClient, session: Session) -> None:
    client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    viewer = browser(session.installation, new_account(session.store, session.owner.id, "vic", Role.VIEWER))
    for path in ("/monitors", "/monitors/1", "/runs/1"):
        page = viewer.get(path).text
        assert "nightly" in page and page.count("<form") == 1
    assert viewer.get("/monitors/new").status_code == 403


# ---------------------------------------------------------------------------------------------------- schedules


@given(
    rhythm=st.sampled_from(list(Rhythm)),
    at=st.times().map(lambda time: time.strftime("%H:%M")),
    weekday=st.integers(0, 6).map(str),
    number=st.integers(1, 500).map(str),
    unit=st.sampled_from("hdw"),
)
def test_a_schedule_that_was_chosen_is_shown_as_it_was_chosen(
    rhythm: Rhythm, at: str, weekday: str, number: str, unit: str
) -> None:
    chosen = Choice(
        rhythm=rhythm, at=at, weekday=weekday, number=number, unit=unit, cron="*/5 1-3 * * mon", time_zone="Asia/Tokyo"
    )
    schedule = schedule_of(chosen, 60)
    shown = choice_of(schedule)
    assert shown.rhythm == rhythm and schedule_of(shown, 60) == schedule and schedule_words(schedule)


def test_a_schedule_that_no_choice_describes_stays_a_cron_line() -> None:
    for line in ("0 */2 * * *", "15 3 1 * *", "0 9 * * mon-fri", "0 9 * * 7"):
        schedule = Schedule(kind=ScheduleKind.CRON, expression=line)
        assert choice_of(schedule).rhythm == Rhythm.CRON and schedule_of(choice_of(schedule), 0) == schedule


# ------------------------------------------------------------------------------------------------- what came of it


def test_every_reason_has_its_words_and_every_failure_its_remedy() -> None:
    assert all(reason_words(reason) for reason in FinishReason)
    without = {reason for reason in FinishReason if remedy_for(reason, "example") is None}
    assert without == {FinishReason.FINISHED, FinishReason.CANCELLED}


@pytest.mark.parametrize(
    ("reasons", "sight"),
    [
        ([FinishReason.FINISHED, FinishReason.LIMIT], Sight.ALL),
        ([FinishReason.FINISHED, FinishReason.BLOCKED], Sight.PART),
        ([FinishReason.LAYOUT, FinishReason.BLOCKED], Sight.NOTHING),
        ([FinishReason.CANCELLED, FinishReason.FINISHED], Sight.CANCELLED),
    ],
)
def test_a_run_is_told_by_how_much_it_saw(session: Session, reasons: list[FinishReason], sight: Sight) -> None:
    run_id = new_run(session.store, new_monitor(session.store, session.owner.id))
    assert run_id is not None
    with session.read() as connection:
        run = replace(get_run(connection, session.owner.id, run_id), state=RunState.FINISHED)
    ends = [CrawlEnd(marketplace="example", state=CrawlState.FINISHED, reason=reason) for reason in reasons]
    assert outcome_of(run, ends).sight is sight
    doubtful = [replace(end, reason=FinishReason.FINISHED, degraded="17% were blocked") for end in ends]
    told = outcome_of(run, doubtful)
    assert told.sight is Sight.DOUBTFUL and "may be incomplete, example: 17% were blocked" in told.words


def test_a_runs_page_tells_of_each_crawl_what_it_saw_and_what_to_do(client: TestClient, session: Session) -> None:
    client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    quality = CrawlQuality(
        pages=20,
        read=10,
        unread=4,
        blocked=6,
        listings=8,
        fields={"title": 8, "price": 2},
        missed=('7 by "lamp"',),
        failures=(PageFailure(fate="layout", words="http://shop.example/<7>: shows no price"),),
    )
    with session.store.write() as connection:
        crawl = claim_crawl(connection, "test", timedelta(minutes=1), {}, now())
        assert crawl is not None
        close_crawl(
            connection,
            crawl.id,
            crawl.attempt,
            FinishReason.BLOCKED,
            detail="5 pages in a row: <b>blocked</b>",
            counters=CrawlCounters(requests=30, pages=10, bytes=2_000_000),
            quality=quality,
            degraded="17% of the pages were blocked",
            now=now(),
        )
    page = client.get("/runs/1").text
    for words in (
        "the site blocked it",
        "5 pages in a row: &lt;b&gt;blocked&lt;/b&gt;",
        "counterfoil import FILES --marketplace example",
        "17% of the pages were blocked",
        "6 of 20 blocked, 4 unread",
        "71 % of the pages that came could be read",
        "7 by &#34;lamp&#34;",
        "25 %",
        "1 to 500 listings on a page of results",
        "<b>unread</b> http://shop.example/&lt;7&gt;: shows no price",
        "Acme Trail 30",
    ):
        assert words in page, words
    dots = client.get("/monitors").text
    assert 'class="mark-nothing"' in dots and re.search(r'title="[^"]+ UTC: 1 crawl: the site blocked it', dots)
    assert '<span class="unseen">' in dots


def test_a_late_run_says_since_when_it_was_due_and_what_that_means(client: TestClient, session: Session) -> None:
    client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    with session.store.write() as connection:
        made = get_run(connection, session.owner.id, 1)
        early = made.created_at - timedelta(hours=5)
        connection.execute(sa.update(runs).values(late=True, nominal_at=early))
    page = client.get("/runs/1").text
    assert "Late by 5 h 0 min" in page and "late" in client.get("/monitors/1").text


def test_a_run_links_the_suspects_that_it_found(client: TestClient, session: Session) -> None:
    suspect = add_suspect(session, "Lamp <i>cheap</i>", "L7")
    page = client.get("/runs/1").text
    shown = re.findall(
        rf'<a href="/suspects/{suspect}"><img src="/api/v1/images/\w+/thumbnail"[^>]*><span>([^<]*)<', page
    )
    assert shown == ["Lamp &lt;i&gt;cheap&lt;/i&gt;"] and "New suspects" in page
    assert shown[0] in client.get("/").text


def test_all_that_a_run_found_is_a_search_of_its_own_by_page_api_and_command(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.web.searching.PAGE", 1)
    first, second = add_suspect(session, "Lamp one", "L1"), add_suspect(session, "Lamp two", "L2")
    assert 'href="/suspects?run=2"' in client.get("/runs/2").text
    found = client.get("/suspects?run=2").text
    assert "Lamp two" in found and "Lamp one" not in found and 'href="/runs/2"' in found
    assert f'href="/suspects/{second}?run=2"' in found and 'name="run" value="2"' in found
    alone = client.get(f"/suspects/{second}?run=2").text
    assert 'rel="next"' not in alone and 'rel="prev"' not in alone
    asked = [one["id"] for one in client.get("/api/v1/suspects?run=2").json()["suspects"]]
    said = CliRunner().invoke(cli, ["search", "--run", "2", "--json"])
    assert asked == [json.loads(line)["id"] for line in said.stdout.splitlines()] == [second]
    # A crawl that is still under way finds more while its first page is looked at.
    both = SuspectQuery(owner_id=session.owner.id, suspect_ids=(first, second), limit=1)
    cursor = session.index.search(both).next_cursor
    more = replace(both, suspect_ids=(first, second, 77), cursor=cursor)
    assert [one.id for one in session.index.search(more).suspects] == [second]
    for wrong, status in (("99", 404), ("x", 422)):
        assert client.get(f"/suspects?run={wrong}").status_code == status
        assert client.get(f"/api/v1/suspects?run={wrong}").status_code == status


def test_cancelling_ends_the_crawls_that_are_left(client: TestClient, session: Session) -> None:
    client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    assert client.post("/runs/1/cancel").headers["location"] == "/runs/1"
    with session.read() as connection:
        assert [one.reason for one in list_crawls(connection, session.owner.id, 1)] == [FinishReason.CANCELLED]
        assert list_runs(connection, session.owner.id)[0].state is RunState.FINISHED
    assert "a person cancelled it" in client.get("/runs/1").text


def test_the_choice_of_a_form_never_raises_anything_but_our_errors() -> None:
    for rhythm in ("", "hourly", "cron"):
        try:
            schedule_of(Choice(rhythm=rhythm, at="x"), 0)
        except CounterfoilError:
            continue
        assert rhythm == "cron"


# ---------------------------------------------------------------------------------------------------- live progress


def told(lines: Iterator[str]) -> dict[str, Any]:
    """The next picture that a stream of events tells; its id is added."""
    found: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            found["id"] = value
        if name == "data":
            return {**found, **json.loads(value)}
    raise AssertionError("the stream has ended")


def test_a_run_is_told_live_until_it_has_ended_and_nothing_is_told_twice(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.05)
    client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    cookie = {"Cookie": f"counterfoil={client.cookies['counterfoil']}", "Accept": "text/event-stream"}
    with (
        serving_pages(session.installation) as address,
        httpx.Client(base_url=address, headers=cookie, timeout=60) as reader,
    ):
        with reader.stream("GET", "/progress?run=1") as answer:
            lines = answer.iter_lines()
            assert answer.headers["content-type"].startswith("text/event-stream")
            first = told(lines)
            assert "waits for a worker" in first["html"] and not first["over"]
            with session.store.write() as connection:
                crawl = claim_crawl(connection, "test", timedelta(minutes=1), {}, now())
                assert crawl is not None
                report_progress(connection, crawl.id, crawl.attempt, CrawlCounters(pages=7))
            assert "<td>7</td>" in told(lines)["html"]
            with session.store.write() as connection:
                close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=now())
            last = told(lines)
            assert last["over"] and "saw everything" in last["words"] and list(lines)[1:] == []
        # Who comes back and has seen this already is told nothing again.
        again = reader.get("/progress?run=1", headers={"Last-Event-ID": last["id"]})
        assert "data:" not in again.text
        assert reader.get("/progress?run=99").status_code == 404


def test_what_is_told_live_ends_with_the_session(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(progress, "_QUIET_SECONDS", 0.1)
    client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    cookie = {"Cookie": f"counterfoil={client.cookies['counterfoil']}", "Accept": "text/event-stream"}
    with (
        serving_pages(session.installation) as address,
        httpx.Client(base_url=address, headers=cookie, timeout=60) as reader,
    ):
        with reader.stream("GET", "/progress") as answer:
            lines = answer.iter_lines()
            assert "1 run is under way" in told(lines)["words"]
            client.post("/log-out")
            assert "data" not in "".join(lines)
        assert reader.get("/progress").status_code == 303


def test_only_so_many_pages_are_followed_live_and_lost_ones_do_not_count_for_ever() -> None:
    moment = 0.0
    streams = Streams(clock=lambda: moment)
    numbers = [streams.begin("ann") for _ in range(MOST_OF_ONE)]
    with pytest.raises(TooManyAttempts):
        streams.begin("ann")
    for client in range(MOST - MOST_OF_ONE):
        streams.begin(f"client {client}")
    with pytest.raises(TooManyAttempts):
        streams.begin("bob")
    streams.end(numbers[0])
    streams.end(numbers[0])
    assert streams.begin("bob") and len(streams) == MOST
    moment = 10_000.0
    assert streams.begin("ann") and len(streams) == 1


# --------------------------------------------------------------------------------------------------- the first page


def test_a_new_owner_is_led_from_step_to_step(client: TestClient, session: Session) -> None:
    page = client.get("/").text
    assert "First steps" in page and page.count('class="done"') == 1 and 'href="/monitors/new"' in page
    client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    page = client.get("/").text
    assert page.count('class="done"') == 3 and "under way: 0 of 1 crawls" in page and "Over time" not in page
    add_suspect(session, "Lamp <i>cheap</i>", "L7")
    page = client.get("/").text
    assert "First steps" not in page and "Over time" in page and "Lamp &lt;i&gt;cheap&lt;/i&gt;" in page


def test_new_is_what_came_since_the_person_last_looked(client: TestClient, session: Session) -> None:
    def new() -> str:
        found = re.search(r'<span class="number">([^<]+)</span> new suspects', client.get("/").text)
        assert found is not None
        return found[1]

    add_suspect(session, "Lamp 1", "L1")
    # Whoever has never looked is shown the last day's; looking again at once takes nothing away.
    assert [new(), new()] == ["1", "1"]
    with session.store.write() as connection:
        connection.execute(sa.update(accounts).values(looked_at=now() - timedelta(hours=1)))
        connection.execute(sa.update(suspects).values(first_suspected_at=now() - timedelta(hours=2)))
    assert [new(), new()] == ["0", "0"]
    add_suspect(session, "Lamp 2", "L2")
    assert new() == "1"
    assert client.post("/seen").headers["location"] == "/"
    assert new() == "0" and '<span class="number">2</span> wait for a verdict' in client.get("/").text


def test_looking_twice_at_once_counts_once(session: Session) -> None:
    account = new_account(session.store, session.owner.id, "ann")
    moment = now()
    with session.store.write() as connection:
        assert note_look(connection, account.id, moment) and not note_look(connection, account.id, moment)
        assert note_look(connection, account.id, moment + timedelta(minutes=5))
        assert new_since(connection, account.id) is None
        assert note_look(connection, account.id, moment + timedelta(hours=3))
        assert new_since(connection, account.id) == moment + timedelta(minutes=5)


def test_what_was_not_seen_is_told_with_its_remedy_and_the_service_only_to_admins(
    client: TestClient, session: Session
) -> None:
    client.post("/monitors/new", data={**FORM, "at_once": "yes"})
    with session.store.write() as connection:
        crawl = claim_crawl(connection, "test", timedelta(minutes=1), {}, now())
        assert crawl is not None
        close_crawl(connection, crawl.id, crawl.attempt, FinishReason.LAYOUT, now=now())
    page = client.get("/").text
    assert '<a href="/runs/1">nightly</a>' in page and "they could not be read (example)" in page
    assert "counterfoil marketplace show example" in page and "The service" not in page
    admin = browser(session.installation, new_account(session.store, session.owner.id, "ada", Role.ADMIN))
    told_to_admin = admin.get("/").text
    assert "no part of the service runs" in told_to_admin and "counterfoil up" in told_to_admin
    # A market that is watched and no longer declared is not seen either.
    (session.settings.marketplaces_folder / "example" / "marketplace.yaml").unlink()
    session.installation.__dict__.pop("marketplaces")
    assert "It is no longer declared." in client.get("/").text


def test_what_is_found_and_decided_over_time_is_drawn_and_stands_in_a_table(
    client: TestClient, session: Session
) -> None:
    for number in range(3):
        add_suspect(session, f"Lamp {number}", f"L{number}")
    with session.store.write() as connection:
        for suspect, kind in ((1, VerdictKind.COUNTERFEIT), (2, VerdictKind.UNSURE), (3, VerdictKind.UNSURE)):
            add_verdict(connection, session.owner.id, suspect, kind, note=None, decided_by="mia", now=now())
        undo_verdict(connection, session.owner.id, 3, now=now())
    today = now().date().isoformat()
    page = client.get("/").text
    assert f"<title>{today}: 3</title>" in page and f"<title>{today}: counterfeit: 1</title>" in page
    assert f"<title>{today}: unsure: 1</title>" in page
    assert f"triage=all&amp;since={today}&amp;until={today}&amp;sort=newest" in page
    assert "3</td>" in page.split('id="found-title"')[1].split("</table>")[0]
    assert 'style="' not in page
    # Months ago: told by weeks, and nothing of it is lost.
    with session.store.write() as connection:
        connection.execute(sa.update(suspects).values(first_suspected_at=now() - timedelta(days=60)))
    page = client.get("/").text
    assert 'Suspects found <span class="count">3</span>' in page and "week from" in page


@given(counts=st.lists(st.lists(st.integers(0, 100_000), min_size=3, max_size=3), min_size=1, max_size=40))
def test_no_bar_of_a_plot_leaves_it_and_all_that_is_counted_is_drawn(counts: list[list[int]]) -> None:
    steps = [Step(label=str(place), link=None, counts=tuple(some)) for place, some in enumerate(counts)]
    plot = draw(steps, ["a", "b", "c"])
    assert plot.total == sum(map(sum, counts))
    assert len(plot.bars) == sum(count > 0 for some in counts for count in some)
    for bar in plot.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH and 0 <= bar.y <= bar.y + bar.height <= HEIGHT
