"""The suspect index: Elasticsearch through the product against its bare client, and the embedded index beside it.

`python -m benchmarks.index --suspects 200000` starts a server of its own (`make services` fetches it), or uses `--url`.
Every round asks each peer the same question, one after the other, so that what else the machine does hits all alike.
"""

import argparse
import multiprocessing
import random
import resource
import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from benchmarks.documents import Words, make_documents
from benchmarks.results import result
from counterfoil.settings import Settings
from indexer.base import Generation
from indexer.document import SuspectDocument
from indexer.elastic.fields import mappings, source_of
from indexer.elastic.index import ElasticIndex
from indexer.elastic.queries import body_of
from indexer.embedded import EmbeddedIndex
from indexer.query import Facet, Interval, Sort, SuspectQuery

# As a rebuild does it.
_AT_ONCE = 2_000
_SECONDS = 60.0


def main() -> None:
    """Measure, and print a line for every figure."""
    arguments = _arguments()
    if arguments.embedded:
        measure_embedded(arguments.embedded, arguments.suspects, arguments.rounds)
        return
    with tempfile.TemporaryDirectory() as folder, _server(arguments.url) as url:
        settings = Settings(
            data=Path(folder), index_url=url, index_name=f"bench-{uuid.uuid4().hex[:8]}", index_seconds=_SECONDS
        )
        server, embedded = ElasticIndex(settings), EmbeddedIndex(Path(folder) / "index")
        try:
            measure_indexing(server, embedded, arguments.suspects, None if arguments.no_raw else url)
            measure_searching(server, embedded, arguments.rounds)
            measure_memory(server, Path(folder) / "index", arguments.suspects, arguments.rounds)
        finally:
            for name in [*server.generations(), f"{server.name}-raw", f"{server.name}-control"]:
                server.client.indices.delete(index=name, ignore_unavailable=True)


def measure_embedded(folder: Path, number: int, rounds: int) -> None:
    """Searches of the embedded index alone, in a folder that is filled once and kept for another time."""
    embedded = EmbeddedIndex(folder)
    if embedded.health().documents != number:
        generation, documents = embedded.begin_generation(), make_documents(number)
        while batch := list(islice(documents, _AT_ONCE)):
            generation.put(batch)
        generation.publish()
    wall, processor = [], []
    for query in _queries(rounds):
        begin = time.process_time()
        wall.append(_seconds(lambda query=query: embedded.search(query)))
        processor.append(time.process_time() - begin)
    result("embedded_bytes_per_suspect", embedded.health().size / number)
    for percent in (50, 95):
        result(f"embedded_search_p{percent}_processor_ms", _percentile(processor, percent) * 1000)
        result(f"embedded_search_p{percent}_ms", _percentile(wall, percent) * 1000, "<= 150 at 1,000,000")


def measure_indexing(server: ElasticIndex, embedded: EmbeddedIndex, number: int, url: str | None) -> None:
    """Suspects a second of each peer, in rounds of the same documents, each peer first in turn; bytes for each.

    `url` is the server's for the bare client; without one it is left out.

    The ratio is the median of all rounds', so that what else the machine does in one of them counts for nothing.
    """
    taken: dict[str, list[float]] = defaultdict(list)
    _make_raw(server)
    on_server, in_file = server.begin_generation(), embedded.begin_generation()
    documents = make_documents(number)
    # As whoever has no product would do it: the client and its helper as they come, the documents made before.
    client = None if url is None else Elasticsearch(url, request_timeout=_SECONDS)
    with closing(client) if client else nullcontext():
        while batch := list(islice(documents, 5 * _AT_ONCE)):
            pieces = [batch[at : at + _AT_ONCE] for at in range(0, len(batch), _AT_ONCE)]
            peers: list[tuple[str, Callable[[], object]]] = [
                ("product", partial(_put_all, on_server, pieces)),
                ("embedded", partial(_put_all, in_file, pieces)),
            ]
            if client is not None:
                ready = [source_of(document) for document in batch]
                peers.append(("raw", partial(_raw_bulk, client, f"{server.name}-raw", batch, ready)))
            random.shuffle(peers)
            for name, put in peers:
                taken[name].append(_seconds(put) / len(batch))
    on_server.publish()
    in_file.publish()
    for name, seconds in taken.items():
        print(f"{name}: {1 / statistics.median(seconds):,.0f} suspects a second (median of {len(seconds)} rounds)")
    if url is not None:
        ratios = [raw / ours for raw, ours in zip(taken["raw"], taken["product"], strict=True)]
        print(f"product to raw in all: {sum(taken['raw']) / sum(taken['product']):.3f}")
        result("index_ratio_to_raw_bulk", statistics.median(ratios), ">= 0.9")
    result("elasticsearch_bytes_per_suspect", server.health().size / number)
    result("embedded_bytes_per_suspect", embedded.health().size / number)


def measure_searching(server: ElasticIndex, embedded: EmbeddedIndex, rounds: int) -> None:
    """The time of a search through the product, by the bare client with the same request, and embedded."""
    times: dict[str, list[float]] = {"raw": [], "product": [], "embedded": []}
    for query in _queries(rounds):
        body = body_of(query, None, _SECONDS)
        peers: list[tuple[str, Callable[[], object]]] = [
            ("raw", lambda body=body: server.client.search(index=server.name, **body)),
            ("product", lambda query=query: server.search(query)),
            ("embedded", lambda query=query: embedded.search(query)),
        ]
        _seconds(peers[0][1])  # once before: what the server keeps of a query, all have
        random.shuffle(peers)
        for name, ask in peers:
            times[name].append(_seconds(ask))
    for name, taken in times.items():
        print(f"{name}: p50 {_percentile(taken, 50) * 1000:.1f} ms, p95 {_percentile(taken, 95) * 1000:.1f} ms")
    for percent in (50, 95):
        ratio = _percentile(times["product"], percent) / _percentile(times["raw"], percent)
        result(f"search_p{percent}_ratio_to_raw", ratio, "<= 1.2")
    result("embedded_search_p95_ms", _percentile(times["embedded"], 95) * 1000, "<= 150 at 1,000,000")


def measure_memory(server: ElasticIndex, folder: Path, number: int, rounds: int) -> None:
    """What searching takes: of a process that asks the embedded index only, and of the server's heap."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        taken = pool.submit(_memory_of_searching, folder, rounds).result()
    result("embedded_memory_bytes_per_suspect", taken / number)
    nodes = server.client.nodes.stats(metric="jvm")["nodes"].values()
    heap = sum(node["jvm"]["mem"]["heap_used_in_bytes"] for node in nodes)
    result("elasticsearch_heap_bytes_per_suspect", heap / number)


def _memory_of_searching(folder: Path, rounds: int) -> int:
    embedded, before = EmbeddedIndex(folder), _resident_bytes()
    for query in _queries(rounds):
        embedded.search(query)
    return _resident_bytes() - before


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _put_all(generation: Generation, pieces: Iterable[Sequence[SuspectDocument]]) -> None:
    for piece in pieces:
        generation.put(piece)


def _make_raw(server: ElasticIndex) -> None:
    server.client.indices.create(
        index=f"{server.name}-raw", mappings=mappings(), settings={"number_of_replicas": 0, "refresh_interval": "-1"}
    )


def _raw_bulk(
    client: Elasticsearch, index: str, batch: Sequence[SuspectDocument], ready: Sequence[dict[str, Any]]
) -> None:
    actions = (
        {
            "_index": index,
            "_id": str(one.id),
            "version": one.revision,
            "version_type": "external_gte",
            "_source": source,
        }
        for one, source in zip(batch, ready, strict=True)
    )
    for _ in streaming_bulk(client, actions):
        pass


def _queries(rounds: int) -> Iterator[SuspectQuery]:
    """What people ask: one or two words, Latin or Chinese, with facets; some by brand, price, time or another order."""
    dice = random.Random(2)
    words = Words.make(random.Random(1))
    for number in range(rounds):
        chinese = number % 2 == 1
        asked = [words.pick(dice, chinese=chinese) for _ in range(dice.choice([1, 1, 2]))]
        query = SuspectQuery(
            owner_id=1, words=" ".join(asked), limit=50, facets=tuple(Facet), sort=dice.choice(list(Sort))
        )
        if number % 5 == 0:
            query = replace(query, words="", brand_ids=(dice.randrange(1, 20),), histogram=Interval.WEEK)
        yield query


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


@contextmanager
def _server(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import elastic

    if reason := elastic.missing():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder, elastic.running(Path(folder)) as server:
        yield server.url


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suspects", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=400, help="searches asked of each peer")
    parser.add_argument("--no-raw", action="store_true", help="index without the bare client, to save its time")
    parser.add_argument("--embedded", type=Path, help="measure the embedded index alone, kept in this folder")
    parser.add_argument("--url", help="another Elasticsearch server than one of its own")
    return parser.parse_args()


if __name__ == "__main__":
    main()
