from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.exceptions import InvalidSetting
from counterfoil.settings import Settings, load_settings, variable


def test_without_any_variable_the_defaults_hold() -> None:
    settings = load_settings({})
    assert settings.http_port == 8787
    assert settings.http_host == "127.0.0.1"
    assert settings.allow_hosts == ()
    assert settings.data == Path("~/.local/share/counterfoil").expanduser()
    assert settings.database_address == f"sqlite:///{settings.data}/counterfoil.sqlite"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_says_what_it_is_for(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description and description.endswith(".")


def test_variables_are_read_by_their_names() -> None:
    settings = load_settings(
        {
            "COUNTERFOIL_HTTP_PORT": "9000",
            "COUNTERFOIL_ALLOW_HOSTS": "localhost:8000, shop.internal,",
            "COUNTERFOIL_ALLOW_PORTS": "80,8000",
            "COUNTERFOIL_LOG_FORMAT": "json",
            "PATH": "/usr/bin",
        }
    )
    assert settings.http_port == 9000
    assert settings.allow_hosts == ("localhost:8000", "shop.internal")
    assert settings.allow_ports == (80, 8000)
    assert settings.log_format == "json"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_settings({"COUNTERFOIL_HTTP_PORT": "", "COUNTERFOIL_PROXY": ""}) == load_settings({})


def test_relative_folders_are_made_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"COUNTERFOIL_DATA": "here", "COUNTERFOIL_MARKETPLACES": "there"})
    assert (settings.data, settings.marketplaces_folder) == (tmp_path / "here", tmp_path / "there")


def test_an_unknown_variable_stops_the_start_and_is_named() -> None:
    with pytest.raises(InvalidSetting, match="COUNTERFOIL_HTTP_PROT "):
        load_settings({"COUNTERFOIL_HTTP_PROT": "80"})


def test_variables_of_the_tests_are_no_settings() -> None:
    assert load_settings({"COUNTERFOIL_TEST_DATA": "/x", "COUNTERFOIL_REQUIRE": "all"}) == load_settings({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "eighty"),
        ("HTTP_PORT", "65536"),
        ("ALLOW_PORTS", "80,x"),
        ("ALLOW_PORTS", "80,65536"),
        ("SUSPECT_THRESHOLD", "0"),
        ("SUSPECT_THRESHOLD", "nan"),
        ("CRAWL_SLOTS", "0"),
        ("CRAWL_FAILURES", "1.5"),
        ("TICK_SECONDS", "-1"),
        ("LEASE_SECONDS", "inf"),
        ("LATE_SECONDS", "inf"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "info"),
        *(("PROXY", "proxy.local:3128"), ("PROXY", "garbage"), ("PROXY", "ftp://x"), ("PROXY", "socks5://x:1080")),
        *(("PROXY", "https://x"), ("PROXY", "http://"), ("PROXY", "http://x:0"), ("PROXY", "http://x:99999")),
        *(("PROXY", "http://x/path"), ("PROXY", "http://[x"), ("PROXY", "http://ü.example"), ("PROXY", "http://a b")),
        ("DATA", "~nobody-has-this-name/data"),
        ("MARKETPLACES", "~nobody-has-this-name/data"),
    ],
)
def test_a_bad_value_stops_the_start_and_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=f"COUNTERFOIL_{name}="):
        load_settings({f"COUNTERFOIL_{name}": value})


def test_every_bad_value_is_named_at_once() -> None:
    with pytest.raises(InvalidSetting, match=r"COUNTERFOIL_HTTP_PORT=.*COUNTERFOIL_CRAWL_SLOTS=|SLOTS=.*PORT="):
        load_settings({"COUNTERFOIL_HTTP_PORT": "x", "COUNTERFOIL_CRAWL_SLOTS": "x"})


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql+psycopg://me:s3cret@db/counterfoil\n")
    settings = load_settings({"COUNTERFOIL_DATABASE_URL_FILE": str(file)})
    assert settings.database_address == "postgresql+psycopg://me:s3cret@db/counterfoil"


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "proxy"
    file.write_text("http://me:s3cret@proxy:3128")
    given_twice = {"COUNTERFOIL_PROXY": "http://me:s3cret@proxy:3128", "COUNTERFOIL_PROXY_FILE": str(file)}
    for environ in (given_twice, dict(reversed(given_twice.items()))):
        with pytest.raises(InvalidSetting, match="COUNTERFOIL_PROXY and COUNTERFOIL_PROXY_FILE") as caught:
            load_settings(environ)
        assert "s3cret" not in str(caught.value)


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    not_text = tmp_path / "bytes"
    not_text.write_bytes(b"\xffs3cret")
    for path in (tmp_path / "missing", tmp_path, not_text, "~nobody-has-this-name/x"):
        with pytest.raises(InvalidSetting, match="COUNTERFOIL_PROXY_FILE=") as caught:
            load_settings({"COUNTERFOIL_PROXY_FILE": str(path)})
        assert "s3cret" not in str(caught.value)


def test_a_secret_is_in_no_text_about_the_settings() -> None:
    settings = load_settings(
        {"COUNTERFOIL_DATABASE_URL": "postgresql://me:s3cret@db/x", "COUNTERFOIL_PROXY": "http://me:s3cret@p"}
    )
    assert "s3cret" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.proxy_address == "http://me:s3cret@p"


@pytest.mark.parametrize("proxy", ["http://me:s3cret@p", "https://me:s3cret@p", "http://me:s3cret/#@p", "s3cret"])
def test_a_secret_is_in_no_error_text(proxy: str) -> None:
    environ = {"COUNTERFOIL_PROXY": proxy, "COUNTERFOIL_HTTP_PORT": "x"}
    with pytest.raises(InvalidSetting) as caught:
        load_settings(environ)
    assert "s3cret" not in str(caught.value) + repr(caught.value.__cause__)


@pytest.mark.parametrize("proxy", ["http://proxy.local:3128", "http://me:s3cret@[::1]:3128/", "http://10.0.0.1"])
def test_an_http_proxy_is_taken_as_it_is(proxy: str) -> None:
    assert load_settings({"COUNTERFOIL_PROXY": proxy}).proxy_address == proxy


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings({}).http_port = 80  # type: ignore[misc]


@given(st.dictionaries(st.sampled_from([variable(name) for name in Settings.model_fields]), st.text(max_size=20)))
def test_whatever_the_values_they_are_read_or_refused_by_name(environ: dict[str, str]) -> None:
    try:
        load_settings(environ)
    except InvalidSetting as error:
        assert any(name in str(error) for name in environ)
