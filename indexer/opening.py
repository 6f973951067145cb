"""Opens the suspect index that the settings ask for."""

from counterfoil.settings import Settings
from indexer.base import SuspectIndex
from indexer.embedded import EmbeddedIndex
from indexer.stand_in import IndexWithStandIn


def open_index(settings: Settings) -> SuspectIndex:
    """The index in the data folder, or on an Elasticsearch server; nothing is asked of it until it is used."""
    embedded = EmbeddedIndex(settings.data / "index")
    if settings.index_url is None:
        return embedded
    # Loading the client takes half a second, which no other installation should wait for.
    from indexer.elastic.index import ElasticIndex

    server = ElasticIndex(settings)
    return IndexWithStandIn(server, embedded) if settings.index_fallback == "embedded" else server
