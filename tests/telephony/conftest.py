from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.telephony.rigs import PjsuaRig, Rig, pjsua, simulated


@pytest.fixture(params=["simulated", pytest.param("pjsua", marks=pytest.mark.sip)])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    world = simulated(tmp_path / "spool") if request.param == "simulated" else pjsua(tmp_path / "spool")
    async with world as made:
        yield made


@pytest.fixture
async def sip(tmp_path: Path) -> AsyncIterator[PjsuaRig]:
    async with pjsua(tmp_path / "spool") as made:
        yield made
