"""Looks names up for Twisted, and gives out only addresses that the guard allows: the judged one is the connected one.

There is no cache: connections are kept open, and a name that is looked up again is judged again.
"""

from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IHostnameResolver, IResolutionReceiver
from zope.interface import implementer  # type: ignore[import-untyped]

from counterfoil.egress import EgressGuard, guard_from, read_url
from counterfoil.exceptions import AddressRefused
from counterfoil.settings import load_settings

# Twisted's resolvers, receivers and addresses are zope interfaces, which the type checker cannot read.
Resolver = Any
Receiver = Any
Address = Any


@implementer(IHostnameResolver)
class GuardedResolver:
    """Passes on what another resolver finds, without the addresses that the guard refuses.

    The host of the outgoing proxy is the operator's own choice and is always given out.
    """

    def __init__(self, reactor: ReactorBase, inner: Resolver, guard: EgressGuard) -> None:
        self._reactor = reactor
        self._inner = inner
        self._guard = guard
        self._refusals: dict[str, AddressRefused] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Made from Counterfoil's settings, over the reactor's own resolver."""
        settings = load_settings()
        guard = guard_from(settings)
        proxy = urlsplit(settings.proxy_address or "").hostname
        return cls(reactor, cls.look_up(reactor), guard.also_listing(proxy) if proxy else guard)

    @staticmethod
    def look_up(reactor: ReactorBase) -> Resolver:
        """The resolver that is asked: the system's, in a thread, for IPv4 and IPv6 alike."""
        return reactor.nameResolver

    def install_on_reactor(self) -> None:
        """Become the one resolver of the reactor; Twisted then asks it for names given to connectTCP too."""
        self._reactor.installNameResolver(self)  # type: ignore[arg-type]

    def refusal(self, host: str | None) -> AddressRefused | None:
        """Why the last look-up of a name gave out nothing, if it was the guard."""
        return self._refusals.get(_canonical(host or ""))

    def resolveHostName(
        self,
        resolutionReceiver: Receiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Look a name up; see Twisted's IHostnameResolver."""
        host = _canonical(hostName)
        receiver = _JudgingReceiver(resolutionReceiver, lambda address: self._allows(host, address))
        return self._inner.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)

    def _allows(self, host: str, address: Address) -> bool:
        if not isinstance(address, IPv4Address | IPv6Address):
            return False
        try:
            self._guard.check_address(host, address.host)
        except AddressRefused as error:
            self._refusals[host] = error
            return False
        self._refusals.pop(host, None)
        return True


@implementer(IResolutionReceiver)
class _JudgingReceiver:
    def __init__(self, receiver: Receiver, allows: Callable[[Address], bool]) -> None:
        self._receiver = receiver
        self._allows = allows

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: Address) -> None:
        if self._allows(address):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()


def _canonical(host: str) -> str:
    """The name as the guard knows it: Twisted hands names over in Unicode, addresses have them in ASCII."""
    try:
        return read_url(f"http://{host}/").host
    except AddressRefused:
        return host
