"""Where the pictures are that pages show in a stored picture's place: made smaller, or laid over another.

They are derived and may be deleted at any time; with the stored picture they must go.
"""

import shutil
from pathlib import Path


def rendition_folder(data: Path, sha256: str) -> Path:
    """The folder of all that was made of one stored picture."""
    return data / "renditions" / sha256[:2] / sha256[2:4] / sha256


def forget_renditions(data: Path, sha256: str) -> None:
    """Delete what was made of a stored picture."""
    shutil.rmtree(rendition_folder(data, sha256), ignore_errors=True)
