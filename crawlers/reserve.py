"""Space that is set aside on the disk of the data folder, so that a crawl can still be closed when the disk is full."""

import logging
import os
import tempfile
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

# Closing a crawl and its run changes some pages of the database, 4 KiB each, and as many of its indexes.
_BYTES = 256 * 1024


class Reserve:
    """A file without a name: it goes when it is released, and with the process however that ends."""

    def __init__(self, folder: Path) -> None:
        self._file: IO[bytes] | None = None
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - held on to until it is released
            # Not zeros, which some file systems keep in no space at all.
            self._file.write(os.urandom(_BYTES))
            self._file.flush()
        except OSError as error:
            log.warning("no space can be set aside in %s: %s", folder, error)
            self.release()

    def release(self) -> None:
        """Give the space back."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
