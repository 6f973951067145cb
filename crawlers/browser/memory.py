"""What the processes of a browser take of memory, read from /proc."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def family(ancestor: int) -> list[int]:
    """The descendants of a process."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            # A process that has ended meanwhile has no parent any more.
            with suppress(OSError, ValueError, IndexError):
                status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                # The name may hold spaces and brackets: the fields count from its closing bracket.
                children.setdefault(int(status.rpartition(")")[2].split()[1]), []).append(int(folder.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        born = children.get(waiting.pop(), [])
        found += born
        waiting += born
    return found


def megabytes(processes: Iterable[int]) -> int:
    """Their memory, each shared page counted once between those that share it (PSS)."""
    kilobytes = 0
    for process in processes:
        with suppress(OSError, ValueError, IndexError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    kilobytes += int(line.split()[1])
    return kilobytes // 1024
