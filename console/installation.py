"""What everybody's work is done on: settings, database, evidence, index, each opened when first asked for."""

from functools import cached_property

from console.background import Background
from counterfoil.evidence import EvidenceStore, open_evidence
from counterfoil.marketplaces import Marketplace, load_marketplaces
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store
from indexer.base import SuspectIndex
from indexer.decoding import PictureDecoder
from indexer.delivery import fill_if_missing
from indexer.known_pictures import KnownPictures
from indexer.opening import open_index
from indexer.renditions import Renditions


class Installation:
    """One installation, whoever works on it."""

    @cached_property
    def settings(self) -> Settings:
        """The settings, read from the environment once."""
        return load_settings()

    @cached_property
    def store(self) -> Store:
        """The database, made or migrated first where needed."""
        return open_store(self.settings)

    @cached_property
    def evidence(self) -> EvidenceStore:
        """Where pictures and bodies are kept."""
        # The database first: a folder with evidence and without one is a folder whose database was lost.
        _ = self.store
        return open_evidence(self.settings)

    @cached_property
    def bare_index(self) -> SuspectIndex:
        """The suspect index as it is, also when it has to be rebuilt."""
        return open_index(self.settings)

    @cached_property
    def index(self) -> SuspectIndex:
        """The suspect index, made from the database where there is none yet."""
        fill_if_missing(self.store, self.bare_index)
        return self.bare_index

    @cached_property
    def decoder(self) -> PictureDecoder:
        """Processes that decode untrusted pictures, for a server that lives long: started when first used."""
        return PictureDecoder(self.settings)

    @cached_property
    def known_pictures(self) -> KnownPictures:
        """The pictures that were crawled, to be searched by another: read when first searched."""
        return KnownPictures(self.store)

    @cached_property
    def renditions(self) -> Renditions:
        """Smaller pictures for pages, and matches to look at."""
        return Renditions(self.settings.data, self.evidence, self.decoder)

    @cached_property
    def background(self) -> Background:
        """What is worked on while nobody waits for the answer."""
        return Background()

    def close(self) -> None:
        """End what runs beside this process."""
        if "decoder" in self.__dict__:
            self.decoder.close()

    @cached_property
    def marketplaces(self) -> dict[str, Marketplace]:
        """The declared marketplaces."""
        return load_marketplaces(self.settings)
