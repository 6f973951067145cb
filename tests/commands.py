"""Commands as processes of their own, forked from the test so that they start at once; as a plain user on request."""

import ctypes
import multiprocessing.forkserver
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from processes import FORK

from console.cli import main

# prctl(2) and capabilities(7): root may read and write everything, unless it gives these two up.
_CAPBSET_DROP = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2
_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit status, what it printed, what it said."""

    status: int | None
    output: str
    errors: str


def run_command(
    environment: Mapping[str, str], *arguments: str, plain_user: bool = False, seconds: float = 60
) -> Ended:
    """Run one command to its end; a status of None if it has not ended by then, and was killed."""
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder) / "output", Path(folder) / "errors"
        process = FORK.Process(target=_become, args=(environment, arguments, plain_user, output, errors))
        process.start()
        process.join(seconds)
        status = process.exitcode
        if status is None:
            process.kill()
            process.join()
        return Ended(status=status, output=output.read_text(), errors=errors.read_text())


def give_up_roots_powers(*, before_exec: bool = False) -> None:
    """Let permissions mean for this process what they mean for every user: also where the tests run as root."""
    if os.getuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if before_exec:
        # A program that root starts gets all that is not dropped here.
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            _check(libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0))
        return
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    _check(libc.capget(header, sets))
    for index in (0, 1, 2):
        sets[index] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    _check(libc.capset(header, sets))


def _check(answer: int) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _become(
    environment: Mapping[str, str], arguments: tuple[str, ...], plain_user: bool, output: Path, errors: Path
) -> None:
    os.environ.update(environment)
    # The test's own server of processes is no child of this one, which cannot ask whether it lives: it starts another.
    server = multiprocessing.forkserver._forkserver  # type: ignore[attr-defined]
    server._forkserver_pid = server._forkserver_address = server._forkserver_alive_fd = None
    for number, path in ((1, output), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    if plain_user:
        give_up_roots_powers()
    sys.argv = ["counterfoil", *arguments]
    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
