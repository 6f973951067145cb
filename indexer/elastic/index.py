"""The suspect index on an Elasticsearch server: numbered indices behind an alias.

`NAME` is the alias that searches use, `NAME-filling` that of the generation being filled. Writing goes through both
aliases and never makes an index; a rebuild fills `NAME-000002` and moves the alias in one step.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, NotFoundError

from counterfoil.exceptions import Conflict, IndexUnavailable
from counterfoil.settings import Settings
from indexer.base import Generation, IndexHealth, IndexState, PutOutcome, SuspectIndex
from indexer.document import SuspectDocument
from indexer.elastic.client import IndexMissing, connect, our_errors
from indexer.elastic.fields import mappings, rules
from indexer.elastic.lease import Lease
from indexer.elastic.queries import Place, bare_body_of, body_of, order_of, page_of, read_place
from indexer.elastic.writing import put_all
from indexer.heartbeat import kept_alive
from indexer.query import SuspectOrder, SuspectPage, SuspectQuery, empty_page

# A point in time that pages go on in lives so long after the last of them was asked for.
_KEEP_ALIVE = "5m"
_REVISIONS_AT_ONCE = 10_000
_REVISION = ("suspect.id", "suspect.revision")
_LEASE_SECONDS = 30.0
# Between looking at the aliases and writing, a rebuild may publish; three in the time of one bulk are no accident.
_LOOKS = 5


class ElasticIndex(SuspectIndex):
    """A suspect index on a server; any number of processes and threads may use it at once.

    What is put is found within a second; with `at_once`, when `put` returns.
    """

    def __init__(self, settings: Settings, *, at_once: bool = False, lease_seconds: float = _LEASE_SECONDS) -> None:
        self.name = settings.index_name
        self.client = connect(settings)
        self.at_once = at_once
        self.lease_seconds = lease_seconds
        self._seconds = settings.index_seconds

    @property
    def filling(self) -> str:
        """The alias of the generation that is being filled."""
        return f"{self.name}-filling"

    def put(self, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
        """Store documents in every generation there is."""
        with our_errors(self.client, self.name):
            outcomes, written = put_all(self.client, self.name, documents, at_once=self.at_once)
            # Looked for only now: a generation that is begun later is filled from what is in the database by then.
            for _ in range(_LOOKS if written else 0):
                left = [alias for alias, index in self._living().items() if index not in written]
                if not left:
                    return outcomes
                for alias in left:
                    written |= self._put_into(alias, documents)
        if written:
            raise IndexUnavailable("The suspect index {name} is rebuilt again and again: try again.", name=self.name)
        return outcomes

    def search(self, query: SuspectQuery) -> SuspectPage:
        """Find one owner's suspects, from the second page on in one point in time."""
        place = read_place(query)
        if query.phrases is None:
            return empty_page(query)
        return page_of(query, self._page(place, body_of(query, place, self._seconds)))

    def order(self, query: SuspectQuery) -> SuspectOrder:
        """The ids that a search would answer."""
        place = read_place(query)
        if query.phrases is None:
            return SuspectOrder()
        return order_of(query, self._page(place, bare_body_of(query, place, self._seconds)))

    def revisions(self) -> Iterator[tuple[int, int]]:
        """(suspect id, revision) of every document, by suspect id."""
        with our_errors(self.client, self.name):
            self.client.indices.refresh(index=self.name)
            point = self._open_point()
        after: list[int] = []
        try:
            while hits := self._revisions_after(point, after):
                yield from (tuple(hit["fields"][field][0] for field in _REVISION) for hit in hits)
                after = hits[-1]["sort"][:1]
        finally:
            self._close_point(point)

    def begin_generation(self) -> Generation:
        """Start to fill a new generation."""
        with our_errors(self.client, self.name):
            self._refuse_foreign()
            lease = Lease(self.client, f"{self.name}-control", self.lease_seconds)
            lease.take()
            try:
                return ElasticGeneration(self, lease, self._create())
            except BaseException:
                lease.let_go()
                raise

    def state(self) -> IndexState:
        """Whether there is an index, made by this program's rules."""
        with our_errors(self.client, self.name):
            index = self.current()
            if index is None:
                return IndexState.MISSING
            meta = self.client.indices.get_mapping(index=index)[index]["mappings"].get("_meta", {})
        return IndexState.READY if meta.get("rules") == rules() else IndexState.OUTDATED

    def check(self) -> None:
        """Raise IndexUnavailable if a part of the index is not there."""
        with our_errors(self.client, self.name):
            if self.state() is not IndexState.READY:
                raise IndexUnavailable(
                    "The suspect index {name} is {state}. Run `counterfoil index rebuild`.",
                    name=self.name,
                    state=self.state(),
                )
            shards = self.client.count(index=self.name)["_shards"]
        if shards["successful"] < shards["total"]:
            raise IndexUnavailable(
                "A part of the suspect index {name} is not there. Run `counterfoil index rebuild`.", name=self.name
            )

    def health(self) -> IndexHealth:
        """How the index is."""
        state = self.state()
        if state is IndexState.MISSING:
            return IndexHealth(engine="elasticsearch", state=state)
        with our_errors(self.client, self.name):
            self.client.indices.refresh(index=self.name)
            total = self.client.indices.stats(index=self.name, metric=["docs", "store"])["_all"]["primaries"]
        return IndexHealth(
            engine="elasticsearch",
            state=state,
            documents=total["docs"]["count"],
            size=total["store"]["size_in_bytes"],
        )

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()

    def current(self) -> str | None:
        """The index that searches use."""
        return self._living().get(self.name)

    def generations(self) -> list[str]:
        """Our indices, oldest first, whether or not an alias leads to them."""
        found = self.client.indices.get(index=f"{self.name}-*", features="aliases", expand_wildcards="all")
        return sorted(index for index in found if re.fullmatch(rf"{re.escape(self.name)}-\d{{6}}", index))

    def _put_into(self, alias: str, documents: Sequence[SuspectDocument]) -> set[str]:
        try:
            return put_all(self.client, alias, documents, at_once=self.at_once)[1]
        except IndexMissing:
            # A rebuild that was given up, or published, meanwhile has taken its alias away: look again.
            return set()

    def _living(self) -> dict[str, str]:
        """The aliases that there are, and the index that each leads to."""
        try:
            found: Mapping[str, Any] = self.client.indices.get_alias(name=f"{self.name},{self.filling}").body
        except NotFoundError as error:
            # One of the two is there: the server names both that and the error.
            found = error.body if isinstance(error.body, dict) else {}
        return {
            alias: index
            for index, kept in found.items()
            if isinstance(kept, dict)
            for alias in kept.get("aliases", {})
            if alias in (self.name, self.filling)
        }

    def _page(self, place: Place | None, body: dict[str, Any]) -> Mapping[str, Any]:
        with our_errors(self.client, self.name):
            if place is None:
                return self._answer(index=self.name, allow_partial_search_results=False, **body)
            return self._answer_in_point(place, body)

    def _answer(self, **request: Any) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self.client.options(request_timeout=self._seconds + 2).search(**request).body
        if answer["timed_out"]:
            raise IndexUnavailable(
                "The search took longer than {most:g} s: ask for less, or try again.", most=self._seconds
            )
        return answer

    def _answer_in_point(self, place: Place, body: dict[str, Any]) -> Mapping[str, Any]:
        if place.point:
            # It may have lapsed, or its index was replaced: then the page after the same suspect, as it is now.
            # A server that is in trouble says so again.
            with suppress(ApiError):
                return self._answer(pit={"id": place.point, "keep_alive": _KEEP_ALIVE}, **body)
        return self._answer(pit={"id": self._open_point(), "keep_alive": _KEEP_ALIVE}, **body)

    def _open_point(self) -> str:
        opened = self.client.open_point_in_time(
            index=self.name, keep_alive=_KEEP_ALIVE, allow_partial_search_results=False
        )
        return str(opened["id"])

    def _close_point(self, point: str) -> None:
        # It ends by itself in some minutes.
        with suppress(ApiError, TransportError):
            self.client.close_point_in_time(id=point)

    def _revisions_after(self, point: str, after: Sequence[int]) -> list[dict[str, Any]]:
        with our_errors(self.client, self.name):
            answer = self._answer(
                pit={"id": point, "keep_alive": _KEEP_ALIVE},
                sort=[{"suspect.id": "asc"}],
                size=_REVISIONS_AT_ONCE,
                source=False,
                docvalue_fields=list(_REVISION),
                track_total_hits=False,
                **({"search_after": list(after)} if after else {}),
            )
        return list(answer["hits"]["hits"])

    def _refuse_foreign(self) -> None:
        """An index of the alias's own name is somebody else's."""
        if self.client.indices.exists(index=self.name) and not self.client.indices.exists_alias(name=self.name):
            raise IndexUnavailable(
                "There is an index {name} that is not Counterfoil's: remove it, or set COUNTERFOIL_INDEX_NAME.",
                name=self.name,
            )

    def _create(self) -> str:
        current, known = self.current(), self.generations()
        for left in (one for one in known if one != current):
            self.client.indices.delete(index=left, ignore_unavailable=True)
        number = max((int(one[-6:]) for one in known), default=0) + 1
        index = f"{self.name}-{number:06d}"
        self.client.indices.create(
            index=index,
            mappings=mappings(),
            # Not refreshed while it is filled; afterwards every second, also when nobody has searched for long.
            settings={"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": "-1"},
            aliases={self.filling: {}},
        )
        return index


class ElasticGeneration(Generation):
    """An index that is being filled, and the lease that keeps others from filling one too."""

    def __init__(self, index: ElasticIndex, lease: Lease, name: str) -> None:
        self._index = index
        self._client = index.client
        self._lease = lease
        self._name = name
        self._overtaken = False
        self._alive = ExitStack()
        self._alive.enter_context(kept_alive(self._renew, index.lease_seconds / 3))

    def put(self, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
        """Store documents in this generation only."""
        self._refuse_if_overtaken()
        with our_errors(self._client, self._name):
            return put_all(self._client, self._index.filling, documents, at_once=False)[0]

    def publish(self) -> None:
        """Let searches use this generation from now on, in one step, and drop the old one."""
        name, filling = self._index.name, self._index.filling
        with our_errors(self._client, self._name):
            self._client.indices.put_settings(index=self._name, settings={"index.refresh_interval": "1s"})
            self._client.indices.refresh(index=self._name)
            self._refuse_if_overtaken()
            before = self._index.current()
            self._client.indices.update_aliases(
                actions=[
                    # Fails, and nothing is changed, where another rebuild has dropped this index.
                    {"remove": {"index": self._name, "alias": filling, "must_exist": True}},
                    *([{"remove": {"index": before, "alias": name}}] if before else []),
                    {"add": {"index": self._name, "alias": name}},
                ]
            )
            self._end()
            if before:
                self._client.indices.delete(index=before, ignore_unavailable=True)

    def abandon(self) -> None:
        """Drop this generation, unless it was published although the server's answer did not come through."""
        self._alive.close()
        with our_errors(self._client, self._name):
            if not self._overtaken and self._withdraw():
                self._client.indices.delete(index=self._name, ignore_unavailable=True)
            self._end()

    def _withdraw(self) -> bool:
        """Take the alias away without which it can never be published; false if it is gone already."""
        taken = {"remove": {"index": self._name, "alias": self._index.filling, "must_exist": True}}
        try:
            self._client.indices.update_aliases(actions=[taken])
        except NotFoundError:
            return False
        return True

    def _end(self) -> None:
        self._alive.close()
        self._lease.let_go()

    def _renew(self) -> None:
        try:
            with our_errors(self._client, self._name):
                self._lease.renew()
        except Conflict:
            self._overtaken = True
            raise

    def _refuse_if_overtaken(self) -> None:
        if self._overtaken:
            raise Conflict("This rebuild stood still for too long, and another has taken its place.")
