"""Writes the reference pages of the documentation from the code: `python -m console.reference docs`.

A test compares them with what is there, so that no command, setting or route goes undocumented.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from console.app import routes
from console.cli import cli
from console.guards.access import needed_role
from counterfoil.marketplaces import BUILT_IN, read_folders
from counterfoil.settings import Settings, variable

_NOTE = "<!-- Written by `make docs` from the code: change it there. -->\n"


def pages() -> dict[str, str]:
    """The generated pages: file name to text."""
    return {
        "commands.md": "\n".join(_commands()),
        "settings.md": "\n".join(_settings()),
        "routes.md": "\n".join(_routes()),
        "tried.md": "\n".join(_tried()),
    }


def _commands() -> Iterator[str]:
    yield f"# Commands\n\n{_NOTE}"
    yield "Data goes to standard output, remarks to standard error. Exit status: 0 done, 1 refused, not found or not"
    yield "possible just now, 2 wrong use or unusable settings and data.\n"
    for context in _contexts(cli, "counterfoil", None):
        yield f"## `{context.command_path}`\n\n```\n{context.get_help()}\n```\n"


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below this one with its full name, this one first."""
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from walk(inner, f"{path} {name}")


def _contexts(command: click.Command, name: str, parent: click.Context | None) -> Iterator[click.Context]:
    """A context for each command as a person's call would make it: help depends on the groups above."""
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for inner, below in sorted(command.commands.items()):
            yield from _contexts(below, inner, context)


def _settings() -> Iterator[str]:
    yield f"# Settings\n\n{_NOTE}"
    yield "Every setting is an environment variable. With `_FILE` behind its name it is the path of a file that holds"
    yield "the value, for secrets. A bad value stops the start and names the variable.\n"
    yield "| variable | default | meaning |\n| --- | --- | --- |"
    for name, field in Settings.model_fields.items():
        yield f"| `{variable(name)}` | {_default(field.default)} | {field.description} |"
    yield ""


def _routes() -> Iterator[str]:
    yield f"# Routes\n\n{_NOTE}"
    yield "`counterfoil serve` answers these; the role is the least that an account or an API key needs"
    yield "([accounts.md](accounts.md)).\n"
    yield "| method | path | role | what it does |\n| --- | --- | --- | --- |"
    for route in routes():
        sentence = (route.endpoint.__doc__ or "").strip().splitlines()[0]
        methods = ", ".join(sorted(route.methods or ()))
        yield f"| {methods} | `{route.path}` | {needed_role(route) or 'nobody'} | {sentence} |"
    yield "| GET | `/api/v1/openapi.json` | nobody | The description of the routes for programs (OpenAPI). |"
    yield "| GET | `/static/...` | nobody | Style sheets, scripts, icons. |\n"


def _tried() -> Iterator[str]:
    yield f"# What reading each marketplace was tried on\n\n{_NOTE}"
    yield "From the built-in declarations. The route is how a marketplace may be read; layouts are what is declared"
    yield "beyond the generic reader, which reads what has none. Those marked `[untried]` were written by what is known"
    yield "of such pages and met no real one; a page made by hand, in `crawlers/marketplaces/NAME/pages/`, keeps what"
    yield "is read of each of them. All others were read on captures, by which `benchmarks/extraction.py` measures."
    yield "None was ever read live by this project."
    yield "Shop systems that were installed and read whole, without a declared layout:"
    yield "[shop-systems.md](shop-systems.md).\n"
    yield "| marketplace | route | tried on | layouts | terms |\n| --- | --- | --- | --- | --- |"
    for name, one in sorted(read_folders([BUILT_IN]).items()):
        layouts = ", ".join(one.reading.layouts)
        cells = (f"`{name}`", one.route, one.exercised, layouts or "generic reader only", one.terms)
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
    yield ""


def _default(value: object) -> str:
    if value is None or value == () or type(value).__name__ == "PydanticUndefinedType":
        return ""
    return f"`{', '.join(map(str, value))}`" if isinstance(value, tuple) else f"`{value}`"


def main() -> None:
    """Write the pages into the folder given."""
    folder = Path(sys.argv[1])
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
