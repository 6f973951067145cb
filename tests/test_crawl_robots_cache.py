"""What is kept of the robots.txt of many hosts: each is asked for once, few are kept, failures not for long."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from crawlers.robots_cache import RobotsCache

MEGABYTE = 1024 * 1024
HOUR = 3_600


class Hosts:
    """Answers for every host, with rules that name the host; counts who was asked."""

    def __init__(self, size: int = 100) -> None:
        self.asked: Counter[str] = Counter()
        self.size = size
        self.away: set[str] = set()
        self.now = 0.0

    async def ask(self, origin: str) -> tuple[str, int]:
        self.asked[origin] += 1
        await asyncio.sleep(0)
        if origin in self.away:
            raise ConnectionError(f"{origin} is away")
        return f"rules of {origin}", self.size


def play(hosts: Hosts, story: Callable[[RobotsCache[str]], Coroutine[Any, Any, None]]) -> None:
    async def begin() -> None:
        await story(RobotsCache(hosts.ask, clock=lambda: hosts.now))

    asyncio.run(begin())


def test_all_who_wait_for_one_host_ask_once() -> None:
    hosts = Hosts()

    async def story(cache: RobotsCache[str]) -> None:
        assert set(await asyncio.gather(*(cache.get("a") for _ in range(20)))) == {"rules of a"}

    play(hosts, story)
    assert hosts.asked == {"a": 1}


def test_one_who_gives_up_does_not_take_the_answer_from_the_others() -> None:
    hosts = Hosts()

    async def story(cache: RobotsCache[str]) -> None:
        first, second = (asyncio.ensure_future(cache.get("a")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "rules of a"

    play(hosts, story)
    assert hosts.asked == {"a": 1}


def test_a_host_that_was_away_is_asked_again_after_some_minutes_and_not_before() -> None:
    hosts = Hosts()
    hosts.away = {"a"}

    async def story(cache: RobotsCache[str]) -> None:
        for moment in (0, 10, 290):
            hosts.now = moment
            with pytest.raises(ConnectionError):
                await cache.get("a")
        assert hosts.asked == {"a": 1}
        hosts.away.clear()
        hosts.now = 310
        assert await cache.get("a") == "rules of a"

    play(hosts, story)
    assert hosts.asked == {"a": 2}


def test_rules_are_used_for_a_day() -> None:
    hosts = Hosts()

    async def story(cache: RobotsCache[str]) -> None:
        for hour in (0, 1, 23, 25):
            hosts.now = hour * HOUR
            await cache.get("a")

    play(hosts, story)
    assert hosts.asked == {"a": 2}


@pytest.mark.parametrize(("size", "kept"), [(100, 64), (512 * 1024, 8), (3 * MEGABYTE, 1), (9 * MEGABYTE, 1)])
def test_the_newest_are_kept_as_long_as_they_are_few_and_small(size: int, kept: int) -> None:
    hosts = Hosts(size)
    names = [f"host {number}" for number in range(200)]

    async def story(cache: RobotsCache[str]) -> None:
        for name in names:
            await cache.get(name)
            # The site itself is needed between all pictures.
            await cache.get(names[0] if kept > 1 else name)
        hosts.asked.clear()
        newest = names[-(kept - 1) :] if kept > 1 else names[-1:]
        for name in newest:
            await cache.get(name)
        if kept > 1:
            await cache.get(names[0])
        assert not hosts.asked
        await cache.get(names[-kept - 1])

    play(hosts, story)
    assert hosts.asked == {names[-kept - 1]: 1}


def test_hosts_that_are_away_are_few_too() -> None:
    hosts = Hosts()
    names = [f"host {number}" for number in range(200)]
    hosts.away = set(names)

    async def story(cache: RobotsCache[str]) -> None:
        for name in [*names, names[0], names[-1]]:
            with pytest.raises(ConnectionError):
                await cache.get(name)

    play(hosts, story)
    assert (hosts.asked[names[0]], hosts.asked[names[-1]]) == (2, 1)


def test_what_is_being_asked_for_is_not_forgotten() -> None:
    hosts = Hosts(MEGABYTE)

    async def story(cache: RobotsCache[str]) -> None:
        names = [f"host {number}" for number in range(200)]
        assert await asyncio.gather(*map(cache.get, names)) == [f"rules of {name}" for name in names]

    play(hosts, story)
    assert set(hosts.asked.values()) == {1}
