"""Whose word is taken for where a browser is."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from dialer.console.address import client_of
from dialer.console.site import SITE
from dialer.domain.audit import AuditKind, AuditQuestion
from dialer.settings import ConsoleSettings, Settings
from tests.console.desk import Console

OURS = (ip_network("10.0.0.5"), ip_network("10.1.0.0/24"), ip_network("fd00::/64"))


@pytest.mark.parametrize(
    ("remote", "claimed", "found"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # nobody of ours says so
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the left one is the browser's invention
        ("10.0.0.5", "198.51.100.1, 203.0.113.9, 10.1.0.7", "203.0.113.9"),
        ("10.0.0.5", "10.1.0.8, 10.1.0.7", "10.1.0.8"),
        ("10.0.0.5", "<script>", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.9, unknown", "10.0.0.5"),
        ("10.0.0.5", "fe80::1%" + "x" * 100, "10.0.0.5"),
        ("::ffff:10.0.0.5", "::ffff:203.0.113.9", "203.0.113.9"),
        ("fd00::5", "2001:db8::1", "2001:db8::1"),
        ("", "203.0.113.9", ""),
    ],
)
def test_a_chain_is_believed_as_far_as_our_own_proxies_tell_it(remote: str, claimed: str, found: str) -> None:
    assert client_of(remote, claimed.split(","), OURS) == found
    assert client_of(remote, claimed.split(","), ()) == remote


@pytest.mark.parametrize(("proxies", "noted"), [((), "127.0.0.1"), ((ip_network("127.0.0.1"),), "203.0.113.9")])
async def test_the_audit_log_holds_the_browsers_address_behind_a_proxy_of_ours(
    console: Console, visit, proxies, noted: str
) -> None:
    app = console.server.app
    settings = Settings(console=ConsoleSettings(trusted_proxies=proxies))
    app._state[SITE] = replace(app[SITE], settings=settings)
    told = {"X-Forwarded-For": "203.0.113.9"}
    await visit().client.post("/login", data={"login": "nobody", "password": "x"}, headers=told)
    async with console.site.storage.read() as work:
        (row,) = await work.audit.find(AuditQuestion(kind=AuditKind.LOGIN_REFUSED), "", 10)
    assert row.address == noted
