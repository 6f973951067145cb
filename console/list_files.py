"""Lists that people and programs send as files, and the files that they may fill in."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from starlette.responses import Response

from console.list_templates import csv_template, xlsx_template
from console.sheets import LARGEST
from console.translation import gettext as _
from counterfoil.exceptions import InvalidInput, TooLarge

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAKERS: Mapping[str, tuple[Callable[[str], bytes], str]] = {
    "csv": (csv_template, "text/csv; charset=utf-8"),
    "xlsx": (xlsx_template, _XLSX),
}


def read_list(name: str | None, file: BinaryIO | None) -> tuple[str, bytes]:
    """(name, bytes) of a file that was sent. Raises InvalidInput for none, TooLarge."""
    printable = "".join(character for character in (name or "")[-200:] if character.isprintable())
    if file is None or not printable:
        raise InvalidInput(_("No file was sent: choose one first."))
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise TooLarge(_("{} is larger than {} MB: cut it into several files.").format(printable, LARGEST // 1_000_000))
    return printable, data


def template_answer(kind: str, ending: str) -> Response:
    """A file to fill in: `ending` is csv or xlsx."""
    make, media_type = _MAKERS[ending]
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{ending}"'}
    return Response(make(kind), media_type=media_type, headers=headers)
