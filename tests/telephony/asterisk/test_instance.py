"""The private Asterisk of tests and demonstration goes with whoever started it, however they go."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.journeys.premises import until
from tests.telephony.rigs import PARTS, TEMPLATES

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]

_PARENT = """
import asyncio, sys
from pathlib import Path
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program

async def main():
    parts, templates, home = map(Path, sys.argv[1:])
    async with PrivateAsterisk(find_program(parts), templates, home, "127.0.0.1:9") as asterisk:
        print(asterisk.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_an_asterisk_whose_parent_is_killed_is_gone(tmp_path: Path):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, str(PARTS), str(TEMPLATES), str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 30))
    process = Path(f"/proc/{pid}")
    assert await asyncio.to_thread(process.exists)
    parent.kill()
    await parent.wait()
    await until(lambda: not process.exists())
