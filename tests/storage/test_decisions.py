from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dialer.domain.errors import ImpossibleMove, NotFound, StaleVersion
from dialer.domain.script.version import ScriptEvent, ScriptState, ScriptVersion
from dialer.domain.unit import Unit
from dialer.ports.administration import CalendarYear
from dialer.storage.decisions import VersionTaken
from tests.builders import a_user, at, moved
from tests.storage.stories import given_case


def a_version(**changes):
    facts: dict[str, Any] = {
        "id": 0,
        "script_id": "NB_LIFE_ORDINARY",
        "script_version": "1.1.0",
        "text": "script_id: NB_LIFE_ORDINARY",
        "sha256": "a" * 64,
        "author": "hq",
        "created_at": at(9),
    }
    return ScriptVersion(**facts | changes)


async def test_a_version_goes_its_way_and_every_move_is_told(database):
    async with database.begin() as work:
        draft = await work.decisions.add_script(a_version(), moved(when=at(9)))
        edited = await work.decisions.move_script(replace(draft, text="more"), ScriptEvent.EDITED, moved(when=at(10)))
        assert (edited.state, edited.text, edited.version) == (ScriptState.DRAFT, "more", 1)
        reviewed = await work.decisions.move_script(edited, ScriptEvent.SUBMITTED, moved())
        approved = await work.decisions.move_script(
            replace(reviewed, approved_by="cmpl"), ScriptEvent.APPROVED, moved()
        )
        assert await work.decisions.revision() == 0
        published = await work.decisions.move_script(
            replace(approved, effective_at=at(12)), ScriptEvent.PUBLISHED, moved()
        )

    async with database.read() as work:
        assert await work.decisions.script(draft.id) == published
        assert await work.decisions.revision() == 1
        assert list(await work.decisions.scripts(ScriptState.PUBLISHED)) == [published]
        assert list(await work.decisions.scripts(ScriptState.DRAFT)) == []
        events = [row.event for row in await work.decisions.script_history(draft.id)]
    assert events == ["CREATED", "EDITED", "SUBMITTED", "APPROVED", "PUBLISHED"]
    with pytest.raises(ImpossibleMove):
        async with database.begin() as work:
            await work.decisions.move_script(replace(published, text="other"), ScriptEvent.EDITED, moved())
    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.decisions.move_script(draft, ScriptEvent.EDITED, moved())
    with pytest.raises(NotFound):
        async with database.read() as work:
            await work.decisions.script(99)


async def test_a_script_has_each_number_once(database):
    async with database.begin() as work:
        first = await work.decisions.add_script(a_version(), moved())
        second = await work.decisions.add_script(a_version(script_version="1.2.0"), moved())
        other = await work.decisions.add_script(a_version(script_id="NB_UNIVERSAL"), moved())
        with pytest.raises(VersionTaken):
            await work.decisions.add_script(a_version(author="another"), moved())
    async with database.read() as work:
        assert list(await work.decisions.scripts()) == [second, first, other]


async def test_every_schedule_of_a_year_is_kept(database):
    first = CalendarYear(2026, "v1", "year: 2026", "通知", "boss", at(9))
    async with database.begin() as work:
        stored = await work.decisions.put_year(first)
        corrected = await work.decisions.put_year(replace(first, schedule_version="v2", reason="更正", at=at(10)))
    async with database.read() as work:
        assert list(await work.decisions.years()) == [stored, corrected]
        assert stored.id < corrected.id
        assert await work.decisions.revision() == 2
    async with database.begin() as work:
        await work.decisions.settle_year(stored.id, at(11))
    async with database.read() as work:
        assert list(await work.decisions.years()) == [replace(stored, settled_at=at(11)), corrected]
        assert await work.decisions.revision() == 2


async def test_units_are_kept_renamed_and_taken_out(database):
    province, city = Unit("44", "广东分公司"), Unit("44/4401", "广州中支")
    async with database.begin() as work:
        await work.decisions.put_units([city, province], moved())
        await work.decisions.put_units([replace(city, name="广州中心支公司", closed=True)], moved())
    async with database.read() as work:
        assert list(await work.decisions.units()) == [province, Unit("44/4401", "广州中心支公司", closed=True)]
        assert await work.decisions.revision() == 2
    async with database.begin() as work:
        await work.decisions.remove_unit("44/4401", moved())
        with pytest.raises(NotFound):
            await work.decisions.remove_unit("44/4401", moved())
    async with database.read() as work:
        assert list(await work.decisions.units()) == [province]


async def test_a_unit_is_used_by_whatever_is_at_its_place_or_below(database):
    async with database.begin() as work:
        await work.decisions.put_units([Unit("44", "广东"), Unit("31", "上海"), Unit("4", "无")], moved())
        assert not await work.decisions.unit_used("44")
        await work.decisions.put_units([Unit("31/3101", "浦东")], moved())
        await work.floor.add_user(a_user(org="35/3502"))
    await given_case(database)  # of 44/4401
    async with database.read() as work:
        used = [path for path in ("44", "44/4401", "31", "35", "4", "440") if await work.decisions.unit_used(path)]
    assert used == ["44", "44/4401", "31", "35"]
