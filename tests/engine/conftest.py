"""The site of the use cases' tests, with an engine's parts around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dialer.engine import EngineParts
from dialer.ports import Signals
from dialer.recording.spool import Spool
from dialer.storage.signals import open_signals
from dialer.telephony.simulated import SimulatedTelephony
from tests.usecases.conftest import site
from tests.usecases.site import Site, SiteClock

__all__ = ["site"]


async def _seal_nothing(*_: Any, **__: Any) -> Any:
    raise AssertionError("nothing is sealed here")


def parts_of(site: Site, phones: SimulatedTelephony, signals: Signals, spool: Path) -> EngineParts:
    """An engine's parts over the site and a simulated phone system."""
    return EngineParts(
        storage=site.storage,
        telephony=phones,
        signals=signals,
        scripts=site.scripts,
        rulebook=site.rulebook,
        clock=SiteClock(site),
        seal_sound=_seal_nothing,
        discard=lambda _files: None,
        room=Spool(spool, 0).room,
        owner="engine-1",
    )


@pytest.fixture
async def phones(site: Site, tmp_path: Path) -> AsyncIterator[SimulatedTelephony]:
    telephony = SimulatedTelephony(SiteClock(site), tmp_path / "spool", {})
    await telephony.start()
    yield telephony
    await telephony.close()


@pytest.fixture
async def parts(site: Site, phones: SimulatedTelephony, tmp_path: Path) -> AsyncIterator[EngineParts]:
    signals = open_signals(site.storage)
    yield parts_of(site, phones, signals, tmp_path / "spool")
    await signals.close()
