"""`dialer verify` on a site where somebody or something has done damage: it names what is wrong, and exits with 1."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import at
from tests.journeys.premises import Desk, Premises, until
from tests.journeys.sites import NUMBER, a_floor
from trials.clock import FRIDAY

pytestmark = [pytest.mark.sip, pytest.mark.slow]

AFTERWARDS = at(11, day=FRIDAY)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that has done its work: one policy closed by a call, one that nobody has called yet."""
    folder = tmp_path_factory.mktemp("finished")
    asyncio.run(_work(folder))
    return folder


async def _work(folder: Path) -> None:
    async with a_floor(folder, (NUMBER, "13800138001")) as floor, floor.premises.started(at(9, 30, day=FRIDAY)) as it:
        async with Desk.of(it.url, "agent1") as desk:
            await desk.take_calls()
            await desk.interview()
            await until(lambda: floor.premises.rows("SELECT * FROM cases WHERE state = 'CLOSED_SUCCESS'"))
            await desk.do("/desk/stand-up")
        it.process.terminate()
        await it.stopped()


@pytest.fixture
def site(finished: Path, tmp_path: Path) -> Premises:
    """A copy of it, to be damaged."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return Premises.at(tmp_path)


def the_ogg(site: Premises) -> Path:
    (ogg,) = (site.folder / "sealed").rglob("*.ogg")
    return ogg


async def test_nothing_is_wrong_with_a_site_that_was_left_alone(site: Premises):
    code, printed = await site.run(AFTERWARDS, "verify")
    assert code == 0, printed
    assert "recordings compared: 1" in printed


def delete_the_sound(site: Premises) -> None:
    the_ogg(site).unlink()


def flip_a_bit(site: Premises) -> None:
    sound = bytearray(the_ogg(site).read_bytes())
    sound[len(sound) // 2] ^= 1
    the_ogg(site).chmod(0o644)
    the_ogg(site).write_bytes(sound)


def remove_the_segment(site: Premises) -> None:
    site.alter("DELETE FROM segments")


def close_a_case_that_nobody_called(site: Premises) -> None:
    site.alter("UPDATE cases SET state = 'CLOSED_SUCCESS' WHERE state <> 'CLOSED_SUCCESS'")


def shorten_the_recording(site: Premises) -> None:
    site.alter("UPDATE recordings SET duration_ms = 1500")


def open_an_attempt_again(site: Premises) -> None:
    site.alter("UPDATE attempts SET outcome = NULL, finished_at = NULL")


def take_an_outcome_away(site: Premises) -> None:
    site.alter("UPDATE calls SET outcome = NULL")


def dial_it_four_times_a_day(site: Premises) -> None:
    known = [row["name"] for row in site.rows("SELECT name FROM pragma_table_info('calls')")]
    columns = ", ".join(name for name in known if name != "id")
    for count in (1, 2, 3):
        again = f"SELECT id || {count}, {columns} FROM calls LIMIT 1"  # noqa: S608 - the table's own columns
        site.alter(f"INSERT INTO calls (id, {columns}) {again}")


DAMAGES: dict[Callable[[Premises], None], str] = {
    delete_the_sound: "RECORDING_BROKEN",
    flip_a_bit: "RECORDING_BROKEN",
    remove_the_segment: "CLOSED_WITHOUT_PROOF",
    close_a_case_that_nobody_called: "CLOSED_WITHOUT_PROOF",
    shorten_the_recording: "CLOSED_WITHOUT_PROOF",
    open_an_attempt_again: "ATTEMPT_OF_THE_DEAD",
    take_an_outcome_away: "CALL_WITHOUT_OUTCOME",
    dial_it_four_times_a_day: "NUMBER_OVER_DAY_LIMIT",
}


@pytest.mark.parametrize(("damage", "fault"), DAMAGES.items(), ids=[damage.__name__ for damage in DAMAGES])
async def test_what_is_wrong_is_found_and_named(site: Premises, damage: Callable[[Premises], None], fault: str):
    damage(site)
    code, printed = await site.run(AFTERWARDS, "verify")
    assert code == 1, printed
    assert fault in printed
    assert NUMBER not in printed
