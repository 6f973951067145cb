"""A crawl over HTTPS by somebody who is not root: Chromium in its own sandbox, its TLS through the guarded proxy."""

import base64
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import trustme
from browsers import browsers_of, require_chromium
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from market import Asked, Market, html, listening, listing_page, serving

from counterfoil.chromium import find_chromium
from counterfoil.settings import load_settings

pytestmark = pytest.mark.xdist_group("chromium")

ROOT = Path(__file__).parents[1]
NOBODY = 65_534
# Of a filter that the process cannot take off (seccomp(2)).
FILTERED = "2"


@dataclass
class Seen:
    """What was to be seen of the browser while it read a page."""

    switches: set[str] = field(default_factory=set)
    users: set[int] = field(default_factory=set)
    filtered: list[bool] = field(default_factory=list)
    apart: list[bool] = field(default_factory=list)


def other_python(folder: Path) -> str:
    """A Python that nobody in particular may run, with what this one has installed. Skips where there is none."""
    for program in (sys.executable, "/usr/bin/python3.11", "/usr/bin/python3"):
        told = run_as_nobody(["env", program, "-c", "import scrapy, sys; print(sys.version_info[:2])"], folder)
        if told.returncode == 0 and told.stdout.strip() == str(sys.version_info[:2]):
            return program
    pytest.skip("no Python with this project's packages can be run by another user than root here")


def run_as_nobody(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the user `nobody`, who owns the folder."""
    packages = os.pathsep.join([str(ROOT), *(one for one in sys.path if "site-packages" in one)])
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folder)}
    return subprocess.run(
        command,
        cwd=folder,
        env={**own, "TMPDIR": str(folder), **environment},
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of `nobody`'s, of a short name. Skips where users cannot be changed, or have no namespaces."""
    require_chromium()
    if os.geteuid() != 0:
        pytest.skip("only root can run something as another user")
    made = Path(tempfile.mkdtemp(prefix="cf-", dir="/tmp"))
    os.chown(made, NOBODY, NOBODY)
    try:
        if run_as_nobody(["unshare", "--user", "true"], made).returncode:
            pytest.skip("user namespaces, of which Chromium makes its sandbox, are not allowed here")
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def trusting(folder: Path, certificate: bytes) -> Path:
    """A browser that takes this one certificate for good, as one does whose user has imported its authority."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    program = folder / "chromium"
    known = f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"
    program.write_text(f'#!/bin/sh\nexec {find_chromium(load_settings({}))} {known} "$@"\n')
    program.chmod(0o755)
    return program


def look_at(seen: Seen, folder: Path) -> None:
    """Look at the browser's processes: how they were started, whose they are, what holds them."""
    outside = Path("/proc/self/ns/user").stat().st_ino
    # A renderer's title is written over its environment, so it is known by where it descends from.
    known = browsers_of(folder)
    for process in {*known, *(child for one in known for child in one.children(recursive=True))}:
        try:
            seen.switches.update(process.cmdline())
            seen.users.add(process.uids().real)
            if "--type=renderer" in process.cmdline():
                status = Path(f"/proc/{process.pid}/status").read_text()
                seen.filtered.append(f"Seccomp:\t{FILTERED}\n" in status)
                seen.apart.append(Path(f"/proc/{process.pid}/ns/user").stat().st_ino != outside)
        except (psutil.Error, OSError):
            continue


def test_pages_over_https_are_read_in_the_browsers_own_sandbox_and_nothing_inside_is_reached(folder: Path) -> None:
    python, seen, authority = other_python(folder), Seen(), trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    with serving(Market(), tls=context) as market, listening() as (inside, arrived):
        market.stock(2)

        def scripted(asked: Asked) -> object:
            if asked.query.get("content"):
                look_at(seen, folder)
                return html(listing_page(asked.path.rpartition("/")[2], market.listings[asked.path.rpartition("/")[2]]))
            return html(
                f"<script>fetch('https://127.0.0.1:{inside}/').catch(() => fetch('http://127.0.0.1:{inside}/'))"
                ".catch(() => fetch(location.pathname + '?content=1')).then(answer => answer.text())"
                ".then(text => { document.body.innerHTML = text + '<i id=done></i>'; });</script>"
            )

        for key in market.listings:
            market.faults[f"/listing/{key}"] = scripted
        market.declare(folder / "marketplaces", browser={"search": False, "listing_ready": "#done"})
        environment = {
            "COUNTERFOIL_DATA": str(folder),
            "COUNTERFOIL_ALLOW_HOSTS": f"127.0.0.1:{market.port}",
            "COUNTERFOIL_CONTACT": "tests@example.com",
            "COUNTERFOIL_BROWSER_PROGRAM": str(trusting(folder, issued.cert_chain_pems[0].bytes())),
            "SCRAPY_SETTINGS_MODULE": "crawlers.settings",
            "SSL_CERT_FILE": str(folder / "authority.pem"),
        }
        command = [python, "-m", "scrapy", "crawl", "search", "-a", "marketplace=market", "-a", "query=lamp"]
        told = run_as_nobody([*command, "-O", "found.jsonl"], folder, **environment)
        assert told.returncode == 0, told.stderr
        found = [json.loads(line) for line in (folder / "found.jsonl").read_text().splitlines()]
        assert sorted(one["title"] for one in found) == ["Lamp 1", "Lamp 2"], told.stderr
        assert arrived == [] and "is listed" in told.stderr

        assert not any("no-sandbox" in switch for switch in seen.switches)
        assert seen.users == {NOBODY}
        assert seen.filtered and all(seen.filtered) and all(seen.apart)

        # A browser that knows nothing of the authority: nobody vouches for the site, and no page of it is read.
        market.asked.clear()
        del environment["COUNTERFOIL_BROWSER_PROGRAM"]
        told = run_as_nobody([*command, "-O", "more.jsonl"], folder, **environment)
        assert (folder / "more.jsonl").read_text() == "" and market.asked_for("/listing/") == []
        assert "ERR_CERT_AUTHORITY_INVALID" in told.stderr
    assert browsers_of(folder) == []
