"""Hands what a crawl finds to the process that writes it, and waits for it without blocking the reactor."""

import asyncio
import itertools
import logging
import os
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import StoreError
from crawlers.desk import Change, Desk
from crawlers.desk_process import LENGTH, Errand, frame, start_desk
from crawlers.reserve import Reserve

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCrawl:
    """What rows of a crawl need to know of it, and where its files are kept. It can be pickled."""

    crawl_id: int
    attempt: int
    marketplace: str
    evidence: EvidenceStore


class Recorder:
    """The way to the writing desk of one attempt at one crawl.

    What is handed in is done in another process: functions of modules, `partial` of them, with arguments that pickle
    takes. Its process is started here, and must be before this one has threads or connections.
    """

    def __init__(self, crawl: RecordedCrawl, open_desk: Callable[[], Desk]) -> None:
        self.crawl = crawl
        self.reserve: Reserve | None = None
        self._process_id, self._pair = start_desk(open_desk)
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._opening: asyncio.Task[asyncio.StreamWriter] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._stopped = False

    async def write(self, change: Change[T]) -> T:
        """Make a change in the next transaction; returns when it is committed.

        Raises Superseded when another attempt has taken over, and whatever the change or the database raises.
        """
        return cast("T", await self._ask(Errand.WRITE, change))

    async def read(self, look: Change[T]) -> T:
        """Look something up in the database."""
        return cast("T", await self._ask(Errand.READ, look))

    async def do(self, work: Callable[[], T]) -> T:
        """Do work that reads or writes files."""
        return cast("T", await self._ask(Errand.DO, work))

    async def stop(self, seconds: float = 30) -> None:
        """Have written what was handed in, then end the process; waits at most so many seconds."""
        if self._stopped:
            return
        self._stopped = True
        writer = await self._open()
        writer.write_eof()
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=seconds)
            if not self._reading.done():
                log.error("the desk has not written everything in %g seconds, and is ended", seconds)
                os.kill(self._process_id, signal.SIGKILL)
                await self._reading
        os.waitpid(self._process_id, 0)
        writer.close()

    async def _ask(self, errand: Errand, work: Callable[..., Any]) -> Any:
        number = next(self._numbers)
        message = frame((number, errand, work))
        writer = await self._open()
        answer = asyncio.get_running_loop().create_future()
        if self._stopped or self._reading is None or self._reading.done():
            raise _ended()
        self._asked[number] = answer
        writer.write(message)
        return await answer

    async def _open(self) -> asyncio.StreamWriter:
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._connect())
        return await asyncio.shield(self._opening)

    async def _connect(self) -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_unix_connection(sock=self._pair)
        self._reading = asyncio.ensure_future(self._take_answers(reader))
        return writer

    async def _take_answers(self, reader: asyncio.StreamReader) -> None:
        """Until the other process ends: whatever it still owes then is lost with it."""
        try:
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                body = await reader.readexactly(length)
                self._answer(*pickle.loads(body))  # noqa: S301 - from the copy of this process
        except (asyncio.IncompleteReadError, ConnectionError):
            log.debug("the desk has ended")
        finally:
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(_ended())
            self._asked.clear()

    def _answer(self, number: int, good: bool, outcome: Any) -> None:
        answer = self._asked.pop(number)
        if answer.done():
            return
        if good:
            answer.set_result(outcome)
            return
        causes, where = outcome
        for error, cause in itertools.pairwise(causes):
            error.__cause__ = cause
        causes[0].add_note(where)
        answer.set_exception(causes[0])


def _ended() -> StoreError:
    return StoreError("The process that writes for this crawl has ended: nothing more can be written.")
