"""A sample of the soak (`make soak`): dialer and Asterisk are killed under calls, and SIPp counts for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import report, soak

pytestmark = [pytest.mark.asterisk, pytest.mark.sipp, pytest.mark.slow]

KILLS, CALLS, SEED = 3, 5, 20260921


async def test_no_outcome_is_lost_and_nobody_is_called_twice_whoever_is_killed(tmp_path: Path):
    found = await soak(tmp_path, KILLS, CALLS, SEED)
    assert len(found.open_calls) == 2 * KILLS
    assert found.account.invites > 5 * CALLS
    assert found.account.lost == []
    assert found.account.twice == []
    assert not found.verified
    assert found.well, report(found)
