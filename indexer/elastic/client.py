"""The connection to Elasticsearch, and the one border where its errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionError as Unreachable
from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch
from elasticsearch.serializer import OrjsonSerializer

from counterfoil.exceptions import IndexUnavailable, InvalidSetting
from counterfoil.settings import Settings

_REFUSED = (401, 403)
_BUSY = (429, 502, 503, 504)
_BLOCKED = "cluster_block_exception"


class IndexMissing(IndexUnavailable):
    """The server has no such index."""


def connect(settings: Settings) -> Elasticsearch:
    """A client for the server that the settings name; nothing is sent yet. Raises InvalidSetting."""
    key, password = settings.index_api_key, settings.index_password
    # Handed over only where there is one: to the client, None means an authority that signs nothing.
    authority: dict[str, Any] = {"ca_certs": str(settings.index_ca)} if settings.index_ca else {}
    try:
        return Elasticsearch(
            settings.index_url,
            api_key=key.get_secret_value() if key else None,
            basic_auth=(settings.index_user, password.get_secret_value()) if settings.index_user and password else None,
            **authority,
            # Makes a bulk in a tenth of the time.
            serializer=OrjsonSerializer(),
            request_timeout=settings.index_seconds,
            # Trying again is delivery's work, which knows what may wait, and a person's, who does not want to.
            max_retries=0,
        )
    except (ValueError, OSError) as error:
        raise InvalidSetting(
            "COUNTERFOIL_INDEX_URL={index_url}: {error}", index_url=settings.index_url, error=error
        ) from error


@contextmanager
def our_errors(client: Elasticsearch, name: str) -> Iterator[None]:
    """Turn the client's errors into IndexUnavailable, which says what to do; `name` is the index's."""
    try:
        yield
    except ApiError as error:
        raise _of(error, name) from error
    except TransportError as error:
        raise IndexUnavailable(_no_answer(error, _where(client))) from error


def meaning_of(status: int, kind: str, reason: str, name: str) -> IndexUnavailable:
    """Our error for what the server said of an index: an HTTP status, the error's type, and its words."""
    said = f"{status} {kind}: {reason}"
    if status in _REFUSED and kind != _BLOCKED:
        return IndexUnavailable(
            "Elasticsearch refuses this user ({said}): set COUNTERFOIL_INDEX_USER and COUNTERFOIL_INDEX_PASSWORD "
            "or COUNTERFOIL_INDEX_API_KEY; docs/elasticsearch.md names the rights that it needs.",
            said=said,
        )
    if kind == "index_not_found_exception":
        return IndexMissing("There is no suspect index {name}. Run `counterfoil index rebuild`.", name=name)
    if kind == _BLOCKED:
        return IndexUnavailable(
            "Elasticsearch does not let {name} be written ({said}). Make room on its disk, or lift the block; what "
            "waits is delivered by itself.",
            name=name,
            said=said,
        )
    if status in _BUSY:
        return IndexUnavailable("Elasticsearch is overloaded or not ready ({said}): try again.", said=said)
    return IndexUnavailable(
        "Elasticsearch refuses a request for {name} ({said}). Run `counterfoil index rebuild`.", name=name, said=said
    )


def _of(error: ApiError, name: str) -> IndexUnavailable:
    body = error.body if isinstance(error.body, dict) else {}
    said = body.get("error", error.body)
    reason = said.get("reason", "") if isinstance(said, dict) else said
    return meaning_of(error.status_code, error.message, str(reason), name)


def _no_answer(error: TransportError, where: str) -> str:
    if isinstance(error, ConnectionTimeout):
        return f"Elasticsearch at {where} does not answer in time: look at its log, or set COUNTERFOIL_INDEX_SECONDS."
    if isinstance(error, TlsError):
        return f"Elasticsearch at {where} shows no trusted certificate ({error.message}): set COUNTERFOIL_INDEX_CA."
    if isinstance(error, Unreachable):
        return f"Elasticsearch at {where} cannot be reached ({error.message}): start it, or mend COUNTERFOIL_INDEX_URL."
    return f"What Elasticsearch at {where} answers cannot be read ({error.message})."


def _where(client: Elasticsearch) -> str:
    return next(iter(client.transport.node_pool.all())).base_url
