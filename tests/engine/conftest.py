"""The site of the use cases' tests, with an engine's parts around it."""

from __future__ import annotations

from tests.usecases.conftest import empty_database, rulebook, scripts, site, storage

__all__ = ["empty_database", "rulebook", "scripts", "site", "storage"]
