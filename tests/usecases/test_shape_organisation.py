"""The organisation's tree: entered, imported, closed, and shown by its names (rules §2.1)."""

from __future__ import annotations

import pytest

from dialer.domain.errors import NotFound
from dialer.domain.unit import Unit, UnitInvalid
from dialer.domain.user import Role, User
from dialer.in_force import SiteInForce
from dialer.ports.topics import IN_FORCE
from dialer.usecases import manage_users
from dialer.usecases import shape_organisation as shape
from dialer.usecases.manage_users import Account, AccountInvalid
from dialer.usecases.shape_organisation import UnitUsed
from tests.builders import a_user, at
from tests.usecases.site import HeardSignals, Site
from tests.usecases.test_staff_the_floor import HASHER

NOW = at(9)
GUANGDONG = [
    {"path": "44/4401/440103", "name": "荔湾营销部"},
    {"path": "44", "name": "广东分公司"},
    {"path": "44/4401", "name": "广州中支"},
]


@pytest.fixture
def boss() -> User:
    return a_user(login="boss", role=Role.ADMIN)


@pytest.fixture
def signals() -> HeardSignals:
    return HeardSignals()


@pytest.fixture
async def guangdong(site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals) -> None:
    await shape.import_units(site.storage, signals, in_force, boss, GUANGDONG, NOW)


async def test_a_file_may_name_the_units_in_any_order(
    site: Site, in_force: SiteInForce, guangdong: None, signals: HeardSignals
) -> None:
    units = await shape.organisation(site.storage)
    assert [(unit.path, unit.level, unit.code) for unit in units] == [
        ("44", 2, "44"),
        ("44/4401", 3, "4401"),
        ("44/4401/440103", 4, "440103"),
    ]
    assert in_force.place("44/4401") == "广州中支"
    assert in_force.place("31") == "上海 31"
    assert in_force.place("99/01") == "99/01"
    assert signals.topics == [IN_FORCE]


async def test_good_lines_are_taken_and_bad_ones_told(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals
) -> None:
    rows = [
        {"path": "31", "name": "上海分公司"},
        {"path": "35/3502", "name": "厦门中支"},
        {"path": "../etc", "name": "?"},
        {"path": "32", "name": " "},
        {"path": "31/3101/310115/1", "name": "太深"},
    ]
    done = await shape.import_units(site.storage, signals, in_force, boss, rows, NOW)
    assert done.taken == 1
    assert [fault.row for fault in done.faults] == [3, 4, 5, 6]
    assert "35" in done.faults[0].why


async def test_a_unit_needs_an_open_one_above_it(
    site: Site, in_force: SiteInForce, guangdong: None, boss: User, signals: HeardSignals
) -> None:
    put = (site.storage, signals, in_force, boss)
    with pytest.raises(UnitInvalid):
        await shape.put_unit(*put, "35/3502", "厦门中支", NOW)
    with pytest.raises(UnitUsed, match="440103"):
        await shape.close_unit(*put, "44/4401", NOW)
    for path in ("44/4401/440103", "44/4401"):
        await shape.close_unit(*put, path, NOW)
    with pytest.raises(UnitInvalid):
        await shape.reopen_unit(*put, "44/4401/440103", NOW)
    with pytest.raises(UnitInvalid):
        await shape.put_unit(*put, "44/4401/440105", "海珠营销部", NOW)
    await shape.reopen_unit(*put, "44/4401", NOW)
    assert (await shape.put_unit(*put, "44/4401/440105", "海珠营销部", NOW)).level == 4
    with pytest.raises(NotFound):
        await shape.close_unit(*put, "99", NOW)


async def test_a_closed_unit_keeps_its_name_and_its_new_name_leaves_it_closed(
    site: Site, in_force: SiteInForce, guangdong: None, boss: User, signals: HeardSignals
) -> None:
    put = (site.storage, signals, in_force, boss)
    await shape.close_unit(*put, "44/4401/440103", NOW)
    assert (await shape.put_unit(*put, "44/4401/440103", "荔湾支公司", NOW)) == Unit(
        "44/4401/440103", "荔湾支公司", closed=True
    )
    assert in_force.place("44/4401/440103") == "荔湾支公司"


async def test_what_is_used_is_not_removed(
    site: Site, in_force: SiteInForce, guangdong: None, boss: User, signals: HeardSignals
) -> None:
    put = (site.storage, signals, in_force, boss)
    await site.a_case_is_due()  # of 44/4401
    with pytest.raises(UnitUsed):
        await shape.remove_unit(*put, "44/4401", NOW)
    await shape.remove_unit(*put, "44/4401/440103", NOW)
    with pytest.raises(NotFound):
        await shape.remove_unit(*put, "44/4401/440103", NOW)


async def test_people_are_placed_in_open_units_once_there_is_a_tree(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals
) -> None:
    storage = site.storage
    await manage_users.open_account(storage, HASHER, boss, "early", Account("早", Role.QA, "35/3502"), NOW)
    await shape.import_units(storage, signals, in_force, boss, GUANGDONG, NOW)
    with pytest.raises(AccountInvalid, match="no open unit"):
        await manage_users.open_account(storage, HASHER, boss, "late", Account("晚", Role.QA, "35/3502"), NOW)
    await manage_users.open_account(storage, HASHER, boss, "late", Account("晚", Role.QA, "44/4401"), NOW)
    await manage_users.change_account(storage, signals, boss, "early", Account("早早", Role.QA, "35/3502"), NOW)
    await manage_users.open_account(storage, HASHER, boss, "all", Account("全", Role.QA), NOW)
