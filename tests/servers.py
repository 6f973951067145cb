"""What the real servers of the tests have in common."""

import os
import shutil
import socket
from pathlib import Path


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged(folder: Path, user: str) -> tuple[str, ...]:
    """What to put before a command that refuses to run as root: there, it runs as this user, who gets the folder."""
    if os.getuid() != 0:
        return ()
    shutil.chown(folder, user)
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return ("setpriv", f"--reuid={user}", "--clear-groups")
