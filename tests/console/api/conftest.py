"""Another system's program at the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from dialer.domain.api_token import Scope
from dialer.usecases.api_tokens import create_token
from tests.console.desk import Console


@dataclass
class Program:
    """A program with a token of its own."""

    client: TestClient
    token: str

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        response = await self.send(method, path, body, **headers)
        return response.status, await response.json(content_type=None)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> ClientResponse:
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)


Hire = Callable[..., Awaitable[Program]]


@pytest.fixture
async def hire(console: Console) -> AsyncIterator[Hire]:
    """Give a program a token: every scope unless some are named."""
    clients: list[TestClient] = []

    async def with_token(*scopes: Scope, name: str = "core", org: str = "", days: int = 30) -> Program:
        site = console.site
        token = await create_token(
            site.storage, site.now, name=name, scopes=scopes or tuple(Scope), org=org, days=days, by="test"
        )
        clients.append(TestClient(console.server))
        return Program(clients[-1], token)

    yield with_token
    for client in clients:
        await client.session.close()


@pytest.fixture
async def core(hire: Hire) -> Program:
    return await hire()
