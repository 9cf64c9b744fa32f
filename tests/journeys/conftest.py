"""The world a journey asks for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.worlds import World


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """As `in_worlds` names it: a database and a phone system."""
    database, phones = request.param.split("-")
    postgres = request.getfixturevalue("postgres_server") if database == "postgres" else None
    with World(postgres, on_asterisk=phones == "asterisk").cleaned_up() as world:
        yield world
