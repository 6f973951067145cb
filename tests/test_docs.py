"""The documentation is complete: no setting, command or route without its line."""

from pathlib import Path

import click
import pytest

from console.app import routes
from console.cli import cli
from console.reference import pages, walk
from counterfoil.exceptions import CounterfoilError

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["commands.md", "settings.md", "routes.md", "tried.md"])
def test_the_generated_pages_are_what_the_code_says_now(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name], "run `make docs`"


def test_every_command_shows_an_example() -> None:
    leaves = [(path, one) for path, one in walk(cli, "counterfoil") if not isinstance(one, click.Group)]
    assert [path for path, one in leaves if f"Example:\n      {path}" not in _example(one.help or "")] == []


def test_every_option_and_command_says_what_it_is_for() -> None:
    assert [path for path, one in walk(cli, "counterfoil") if not one.get_short_help_str()] == []


def test_every_error_we_raise_stands_in_the_drawn_tree() -> None:
    import counterfoil.exceptions as module

    def below(kind: type[CounterfoilError]) -> list[type[CounterfoilError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in below(child))]

    ours = [kind for kind in below(CounterfoilError) if kind.__module__ == module.__name__]
    assert [kind.__name__ for kind in ours if kind.__name__ not in str(module.__doc__)] == []
    assert sorted(module.__all__) == sorted(kind.__name__ for kind in ours)


def test_every_route_is_documented_with_a_sentence() -> None:
    assert len(routes()) >= 7
    assert [route.path for route in routes() if not (route.endpoint.__doc__ or "").strip()] == []


def test_the_readme_shows_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme and "make test" in readme


def test_no_file_names_a_package_registry() -> None:
    import subprocess

    hosts = ["py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js", "deb.deb" + "ian.org", "mav" + "en.org"]
    listed = subprocess.run(
        ["git", "grep", "-lI", *(part for host in hosts for part in ("-e", host))],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert listed.stdout == ""


def _example(text: str) -> str:
    # click's marker for text that must not be wrapped
    return text.replace("\b\n", "")
