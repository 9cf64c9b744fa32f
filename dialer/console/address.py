"""Where a browser is, as the audit log keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

from dialer.console.site import site_of

Network = IPv4Network | IPv6Network


def address(request: web.Request) -> str:
    """Who has connected; where that is one of the site's own proxies, whom the proxy names as its client."""
    claimed = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    return client_of(request.remote or "", claimed, site_of(request).settings.console.trusted_proxies)


def client_of(remote: str, claimed: Iterable[str], trusted: Iterable[Network]) -> str:
    """The last address of the chain that is told by somebody who is believed; read from our end of it.

    Everything left of the first stranger may be the stranger's invention. What is no address is not believed either.
    """
    networks, found = tuple(trusted), remote
    for told in reversed([*claimed]):
        here, before = _address(found), _address(told)
        if here is None or before is None or not any(here in network for network in networks):
            break
        found = str(before)
    return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    return None if found.scope_id else found.ipv4_mapped or found
