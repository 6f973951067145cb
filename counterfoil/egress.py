"""The guard of every outgoing request: which addresses may be reached, whoever asks for them.

Crawled pages, redirects, pictures and imported files name addresses; none of them may lead to this machine or to a
private network. A URL is read as browsers read it (WHATWG), because readers that disagree about the host are how such
guards are passed; and the *connected* address is judged, because a name can mean anything by the time it is looked up.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import ada_url

from counterfoil.exceptions import AddressRefused, InvalidSetting
from counterfoil.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_DEFAULT_PORTS = {"http": 80, "https": 443}

# Public IPv6 addresses are all in here (IANA, "Internet Protocol Version 6 Address Space").
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

# What ipaddress calls global although no public site is there: IETF protocol assignments, 6to4 relays, documentation.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "3fff::/20",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a URL leads: `href` is its canonical spelling, the only one that should be requested."""

    href: str
    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressGuard:
    """Judges URLs before a request and addresses before a connection.

    `listed` are the hosts that the operator allows although they are internal, each with a port or, for all, None.
    """

    listed: frozenset[tuple[str, int | None]]
    allowed_ports: frozenset[int]

    def check_url(self, url: str) -> Target:
        """Where the URL leads, if it may be requested. Raises AddressRefused."""
        target = read_url(url)
        if self.lists(target.host, target.port):
            return target
        if self.lists(target.host, None):
            raise AddressRefused(
                "{href}: {host} is listed in COUNTERFOIL_ALLOW_HOSTS for another port.",
                href=target.href,
                host=target.host,
            )
        if target.port not in self.allowed_ports:
            raise AddressRefused(
                "{href}: port {port} is not among COUNTERFOIL_ALLOW_PORTS.", href=target.href, port=target.port
            )
        literal = _literal(target.host)
        if literal is not None:
            self.check_address(target.host, literal)
        elif _is_local_name(target.host):
            raise AddressRefused(
                "{href}: {host} names this machine or its local network.", href=target.href, host=target.host
            )
        return target

    def check_address(self, host: str, address: str | Address) -> None:
        """Raise AddressRefused if connecting to `host` would reach an address inside."""
        if not self.lists(host, None) and not is_public(address):
            raise AddressRefused(
                "{host} is at {address}, which is not a public address; if this is meant, list the host in "
                "COUNTERFOIL_ALLOW_HOSTS.",
                host=host,
                address=address,
            )

    def lists(self, host: str, port: int | None) -> bool:
        """Whether the operator has listed this host, for this port (None: for any)."""
        if port is not None:
            return (host, None) in self.listed or (host, port) in self.listed
        return any(listed == host for listed, _ in self.listed)

    def also_listing(self, host: str) -> "EgressGuard":
        """This guard with one host more, for all ports: one that the operator named in another setting."""
        return EgressGuard(listed=self.listed | {_read_entry(host)}, allowed_ports=self.allowed_ports)


def guard_from(settings: Settings) -> EgressGuard:
    """The guard that the settings ask for. Raises InvalidSetting for a host that cannot be read."""
    return make_guard(settings.allow_hosts, settings.allow_ports)


def make_guard(allow_hosts: Iterable[str] = (), allow_ports: Iterable[int] = (80, 443)) -> EgressGuard:
    """A guard that lists these hosts (host or host:port, IPv6 as [::1]:port) and allows these ports."""
    return EgressGuard(listed=frozenset(map(_read_entry, allow_hosts)), allowed_ports=frozenset(allow_ports))


def _read_entry(entry: str) -> tuple[str, int | None]:
    """A listed host in the spelling that URLs have it in, and its port."""
    host, port = entry.strip(), None
    if re.fullmatch(r"(\[.*\]|[^:]*):\d+", host):
        host, _, digits = host.rpartition(":")
        port = int(digits)
    host = host.strip("[]")
    try:
        return read_url(f"http://[{host}]/" if ":" in host else f"http://{host}/").host, port
    except AddressRefused as error:
        raise InvalidSetting("COUNTERFOIL_ALLOW_HOSTS: {entry!r} is no host and no host:port.", entry=entry) from error


# A crawl reads each address several times: where it is found, asked for, answered and kept.
@lru_cache(maxsize=1_024)
def read_url(url: str) -> Target:
    """Read a URL as browsers do (WHATWG URL Standard).

    Raises AddressRefused unless it is a complete http or https address without user name and password.
    """
    try:
        parsed = ada_url.URL(url.strip())
    except ValueError as error:
        raise AddressRefused("{url!r} is no complete web address.", url=url[:200]) from error
    scheme = parsed.protocol.removesuffix(":")
    if scheme not in _DEFAULT_PORTS or not parsed.hostname:
        raise AddressRefused("{url!r}: only http and https addresses are requested.", url=url[:200])
    if parsed.username or parsed.password:
        raise AddressRefused(
            "{scheme}://{hostname}: addresses with a user name or password are not requested.",
            scheme=scheme,
            hostname=parsed.hostname,
        )
    port = int(parsed.port) if parsed.port else _DEFAULT_PORTS[scheme]
    return Target(href=parsed.href, scheme=scheme, host=parsed.hostname.strip("[]"), port=port)


def is_public(address: str | Address) -> bool:
    """Whether an address is on the public internet: not loopback, private, link-local, CGNAT, metadata or multicast.

    IPv4 addresses wrapped in IPv6 (mapped, compatible, 6to4, Teredo, NAT64) are unwrapped and judged too.
    """
    ip = ipaddress.ip_address(str(address).partition("%")[0])
    inner = _wrapped(ip)
    if inner is not None and not is_public(inner):
        return False
    if any(ip in network for network in _NOT_PUBLIC if network.version == ip.version):
        return False
    if inner is not None:
        return True
    return ip.is_global and not ip.is_multicast and (ip.version == 4 or ip in _GLOBAL_UNICAST)


def _wrapped(ip: Address) -> ipaddress.IPv4Address | None:
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64 or (int(ip) >> 32 == 0 and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_local_name(host: str) -> bool:
    name = host.rstrip(".")
    return "." not in name or name.endswith((".localhost", ".local", ".internal", ".home.arpa"))
