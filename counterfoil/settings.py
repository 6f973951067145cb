"""All settings: one table of name, default and help, read once from COUNTERFOIL_* and passed down."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from counterfoil.exceptions import InvalidSetting

PREFIX = "COUNTERFOIL_"
_Port = Annotated[int, Field(ge=1, le=65_535)]


class Settings(BaseModel):
    """What an operator can set; every field is the variable COUNTERFOIL_<NAME>, and COUNTERFOIL_<NAME>_FILE a file."""

    # Some of the inputs are secrets.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    data: Path = Field(Path("~/.local/share/counterfoil"), description="Folder of everything that is kept.")
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy address of the database; empty means SQLite in the data folder."
    )
    evidence_url: str | None = Field(
        None,
        description="Bucket that pictures and bodies are kept in (s3://BUCKET/PREFIX; region, endpoint and the rest by "
        "AWS_* variables); empty means `evidence` in the data folder.",
    )
    s3_access_key_id: SecretStr | None = Field(None, description="Access key of that bucket, instead of AWS_*.")
    s3_secret_access_key: SecretStr | None = Field(None, description="Secret key of that bucket, instead of AWS_*.")
    owner: str = Field("default", min_length=1, description="The owner that commands work for unless --owner says.")
    decided_by: str | None = Field(None, description="The name written beside verdicts; empty means the login name.")
    marketplaces: Path | None = Field(
        None, description="Folder of your own marketplace declarations; empty means `marketplaces` in the data folder."
    )
    contact: str | None = Field(
        None, description="Address or e-mail in the user agent, where a crawled site can reach you."
    )
    allow_hosts: tuple[str, ...] = Field(
        (), description="Hosts (host or host:port, comma separated) that may be reached although they are internal."
    )
    allow_ports: tuple[_Port, ...] = Field((80, 443), description="Ports that outgoing requests may use.")
    ebay_client_id: SecretStr | None = Field(None, description="Your application's id for eBay's Browse API.")
    ebay_client_secret: SecretStr | None = Field(None, description="Its secret (Cert ID).")
    etsy_keystring: SecretStr | None = Field(
        None, description="Your application's keystring for Etsy's API, version 3."
    )
    etsy_shared_secret: SecretStr | None = Field(None, description="Its shared secret.")
    mercadolibre_client_id: SecretStr | None = Field(None, description="Your application's id for Mercado Libre's API.")
    mercadolibre_client_secret: SecretStr | None = Field(None, description="Its secret.")
    rakuten_application_id: str | None = Field(None, description="Your application's id for Rakuten's Ichiba API.")
    rakuten_access_key: SecretStr | None = Field(None, description="Its access key.")
    proxy: SecretStr | None = Field(
        None, description="Proxy for outgoing requests: `http://host:port`, or `http://user:password@host:port`."
    )
    index_url: str | None = Field(
        None,
        pattern=r"^https?://[^/@]+/?$",
        description="Address of an Elasticsearch server for the suspect index; empty means the data folder.",
    )
    index_name: str = Field(
        "counterfoil-suspects",
        pattern=r"^[a-z][a-z0-9-]{0,99}$",
        description="Name of the suspect index on that server, without its number.",
    )
    index_user: str | None = Field(None, description="User on that server.")
    index_password: SecretStr | None = Field(None, description="That user's password.")
    index_api_key: SecretStr | None = Field(None, description="API key in place of user and password.")
    index_ca: Path | None = Field(None, description="File of the authority that signed that server's certificate.")
    index_seconds: float = Field(10, gt=0, le=600, description="Deadline of one request to that server.")
    index_fallback: Literal["none", "embedded"] = Field(
        "none", description="What answers searches while that server is away: nothing, or an embedded index beside it."
    )
    suspect_threshold: float = Field(0.5, gt=0, le=1, description="Score from which a listing is a suspect.")
    crawl_slots: int = Field(2, ge=1, le=64, description="Crawls that one worker runs side by side.")
    judge_processes: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=256,
        description="Processes that decode pictures for judging; empty means one for each core.",
    )
    lease_seconds: float = Field(
        30, ge=1, le=86_400, description="A claimed crawl or inspection whose worker is silent this long is taken over."
    )
    tick_seconds: float = Field(1, gt=0, le=60, description="How often due monitors and waiting work are looked for.")
    late_seconds: float = Field(
        120, ge=1, le=86_400, description="A run fired later than this after its time is marked late."
    )
    crawl_failures: int = Field(
        3, ge=1, description="Attempts in a row without progress after which a crawl is closed as crashed."
    )
    retention_unsuspicious_days: int = Field(
        90,
        ge=0,
        description="Days after it was last seen that pictures and bodies of a listing that nobody suspects are kept; "
        "0 means for ever.",
    )
    retention_closed_days: int = Field(
        365,
        ge=0,
        description="The same for suspects that were withdrawn or decided to be no counterfeits; 0 means for ever.",
    )
    retention_suspect_days: int = Field(
        0, ge=0, description="The same for open suspects and counterfeits; 0 means for ever."
    )
    min_free_megabytes: int = Field(
        500, ge=0, description="With less free disk than this no crawl starts, and those that run end; 0 means never."
    )
    response_megabytes: int = Field(20, ge=1, description="Largest response, after decompression, that is read.")
    request_seconds: int = Field(60, ge=1, description="Deadline of one request, from connecting to the last byte.")
    browser: Literal["off", "declared", "fallback"] = Field(
        "declared",
        description="When pages are read by a browser: never, where the marketplace declares it, or also where the "
        "plain response has no product data.",
    )
    browser_program: str | None = Field(
        None, description="Program of the browser; empty means the Chromium found here."
    )
    browser_sandbox: bool = Field(
        True, description="Refuse to run a browser that would have no sandbox, as root's has none."
    )
    browser_megabytes: int = Field(
        2_000, ge=500, description="Memory of a crawl's browser, all its processes together, over which it is replaced."
    )
    look_up_hours: float = Field(
        24,
        ge=0,
        description="Open suspects that no crawl has seen for so long have their own address looked at; 0 means never.",
    )
    captures: bool = Field(
        True, description="Keep the pages of new and changed suspects as evidence: screenshot, HTML, traffic (WARC)."
    )
    http_host: str = Field("127.0.0.1", description="Address that `counterfoil serve` listens on.")
    http_port: int = Field(8787, ge=0, le=65535, description="Port that `counterfoil serve` listens on.")
    http_url: str | None = Field(
        None,
        pattern=r"^https?://[^/@?#\s]+/?$",
        description="Address that browsers reach the pages by, where that is another: https://console.example.com.",
    )
    http_hosts: tuple[str, ...] = Field(
        (), description="Further names (comma separated) that the pages are asked for by; this machine's are always."
    )
    http_tls_certificate: Path | None = Field(
        None, description="File of the certificate that `counterfoil serve` speaks TLS with, its chain included."
    )
    http_tls_key: Path | None = Field(None, description="File of that certificate's key.")
    http_without_tls: bool = Field(
        False, description="Also serve other machines without TLS: whoever is in between reads passwords along."
    )
    http_trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    http_requests_per_minute: int = Field(
        3_000, ge=1, description="Requests a minute of one account, key or (where nobody is logged in) address."
    )
    session_idle_minutes: int = Field(720, ge=1, description="A session that is not used for so long ends.")
    session_hours: int = Field(168, ge=1, description="A session ends after so long, used or not.")
    log_format: Literal["text", "json"] = Field("text", description="Log lines for people, or one JSON object each.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")

    @field_validator("data", "marketplaces", "index_ca", "http_tls_certificate", "http_tls_key")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser().absolute() if value else None
        except RuntimeError as error:
            raise ValueError(str(error)) from error

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_http_proxy(value.get_secret_value()):
            # Scrapy cannot speak TLS to the proxy itself.
            raise ValueError("must be http://host:port or http://user:password@host:port, and not https://")
        return value

    @property
    def database_address(self) -> str:
        """The database's SQLAlchemy address, made from the data folder unless one is set."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data / 'counterfoil.sqlite'}"

    @property
    def marketplaces_folder(self) -> Path:
        """The folder of the operator's own marketplace declarations."""
        return self.marketplaces or self.data / "marketplaces"

    @property
    def proxy_address(self) -> str | None:
        """The outgoing proxy's address, with its password, if one is set."""
        return self.proxy.get_secret_value() if self.proxy else None


def _is_http_proxy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    # A password with a / or # that is not escaped ends up in the path.
    whole = parts.path in {"", "/"} and not parts.query and not parts.fragment
    spelt = address.isascii() and address.isprintable() and " " not in address
    return parts.scheme == "http" and bool(parts.hostname) and port != 0 and whole and spelt


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment (or a mapping in its place).

    An empty variable counts as not set. Raises InvalidSetting, which names the variable, for an unknown
    COUNTERFOIL_* name, an unreadable secret file or a bad value.
    """
    environ = os.environ if environ is None else environ
    values = {name: _parse(name, text) for name, text in _given(environ).items()}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidSetting(_explain(error)) from error


def variable(field: str) -> str:
    """The environment variable of a field: `log_level` -> `COUNTERFOIL_LOG_LEVEL`."""
    return PREFIX + field.upper()


# Read by the tests and by the Makefile, not by the program: their presence is no mistake.
_NOT_OURS = ("COUNTERFOIL_TEST_", "COUNTERFOIL_REQUIRE")


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for key, text in environ.items():
        if not key.startswith(PREFIX) or key.startswith(_NOT_OURS) or text == "":
            continue
        field, text = _field_and_text(key, text)
        if field in given:
            raise InvalidSetting(
                "{variable} and {variable}_FILE are both set: unset one of them.", variable=variable(field)
            )
        given[field] = text
    return given


def _field_and_text(key: str, text: str) -> tuple[str, str]:
    name = key.removeprefix(PREFIX).lower()
    if name in Settings.model_fields:
        return name, text
    if name.endswith("_file") and name.removesuffix("_file") in Settings.model_fields:
        return name.removesuffix("_file"), _read_secret(key, text)
    raise InvalidSetting("{key} is not a setting: see `counterfoil settings` for those that exist.", key=key)


def _read_secret(key: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError) as error:
        raise InvalidSetting("{key}={path} cannot be read: {error}", key=key, path=path, error=error) from error
    except UnicodeDecodeError as error:
        raise InvalidSetting("{key}={path} is not UTF-8 text.", key=key, path=path) from error


def _parse(field: str, text: str) -> Any:
    if field in {"allow_hosts", "allow_ports", "http_hosts", "http_trusted_proxies"}:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _explain(error: ValidationError) -> str:
    return " ".join(
        f"{variable(str(problem['loc'][0]))}={_shown(problem)}: {problem['msg']}." for problem in error.errors()
    )


def _shown(problem: Any) -> str:
    secret = "SecretStr" in str(Settings.model_fields[str(problem["loc"][0])].annotation)
    return "(hidden)" if secret else repr(problem["input"])
