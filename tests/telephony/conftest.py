from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.telephony.asterisk.several import several
from tests.telephony.rigs import AsteriskRig, PjsuaRig, Rig, asterisk, pjsua, simulated

WORLDS: dict[str, Callable[[Path], AbstractAsyncContextManager[Rig]]] = {
    "simulated": lambda folder: simulated(folder / "spool"),
    "pjsua": lambda folder: pjsua(folder / "spool"),
    "asterisk": asterisk,
    "two asterisks": several,
}


@pytest.fixture(
    params=[
        "simulated",
        pytest.param("pjsua", marks=pytest.mark.sip),
        pytest.param("asterisk", marks=pytest.mark.asterisk),
        pytest.param("two asterisks", marks=pytest.mark.asterisk),
    ]
)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    async with WORLDS[request.param](tmp_path) as made:
        yield made


@pytest.fixture(
    params=[pytest.param("pjsua", marks=pytest.mark.sip), pytest.param("asterisk", marks=pytest.mark.asterisk)]
)
async def real(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    async with WORLDS[request.param](tmp_path) as made:
        yield made


@pytest.fixture
async def pbx(tmp_path: Path) -> AsyncIterator[AsteriskRig]:
    async with asterisk(tmp_path) as made:
        yield made


@pytest.fixture
async def sip(tmp_path: Path) -> AsyncIterator[PjsuaRig]:
    async with pjsua(tmp_path / "spool") as made:
        yield made
