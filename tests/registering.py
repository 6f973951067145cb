"""An installation that products of a small shop are registered in."""

import shutil
from pathlib import Path

import pytest
from market import Market

from console.session import Session
from indexer.decoding import PictureDecoder


def session_beside(
    shop: Market, folder: Path, template: Path, decoder: PictureDecoder, monkeypatch: pytest.MonkeyPatch
) -> Session:
    """A fresh installation in this folder, from a copy of an empty database, that may reach the shop.

    Pictures are decoded by somebody else's processes: they take longer to start than to decode.
    """
    monkeypatch.setenv("COUNTERFOIL_DATA", str(folder))
    monkeypatch.setenv("COUNTERFOIL_ALLOW_HOSTS", f"127.0.0.1:{shop.port}")
    folder.mkdir(mode=0o700)
    shutil.copy(template, folder)
    session = Session()
    session.installation.__dict__["decoder"] = decoder
    return session
