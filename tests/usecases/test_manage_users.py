"""An administrator's work: accounts opened, changed, disabled and unlocked, each with who and when (rules §2.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialer.domain.call import SeatId
from dialer.domain.errors import DialerError, NotAllowed, NotFound
from dialer.domain.seat import SeatState
from dialer.domain.user import AccountEvent, Role, User
from dialer.ports.topics import DESK_ORDERS, WALL, desk
from dialer.storage.database import Database
from dialer.usecases import manage_users as office
from dialer.usecases import staff_the_floor as floor
from dialer.usecases.follow_call import leg_is_up
from dialer.usecases.log_in import FAILURES_UNTIL_LOCKED, LockedOut, LoginRefused, SessionOver
from dialer.usecases.manage_users import Account, AccountInvalid, WholeCompanyOnly
from tests.builders import at
from tests.usecases.logins import log_in, session_of
from tests.usecases.site import HeardSignals, Site
from tests.usecases.test_staff_the_floor import HASHER, PASSWORD

NOW = at(9)
AN_AGENT = Account("李华", Role.CC_AGENT, "44/4401", "sip:lihua@127.0.0.1")


@pytest.fixture
def signals() -> HeardSignals:
    return HeardSignals()


@pytest.fixture
async def boss(storage: Database) -> User:
    return await office.create_user(
        storage, HASHER, NOW, login="boss", name="管理员", password=PASSWORD, role=Role.ADMIN
    )


@pytest.fixture
async def password(storage: Database, boss: User) -> str:
    """Of lihua, an agent; given out once."""
    return await office.open_account(storage, HASHER, boss, "lihua", AN_AGENT, NOW)


async def _history(storage: Database, login: str = "lihua") -> list[tuple[str, str]]:
    return [(row.event, row.actor) for row in (await office.account_file(storage, login)).history]


async def test_a_new_account_has_a_password_that_must_be_changed_and_says_who_opened_it(
    storage: Database, password: str
) -> None:
    session = await log_in(storage, HASHER, "lihua", password, NOW)
    assert session.user.must_change_password
    assert (session.user.name, session.user.org) == ("李华", "44/4401")
    assert await _history(storage) == [(AccountEvent.OPENED, "boss")]
    assert password not in str((await office.account_file(storage, "lihua")).history)


def test_no_two_one_time_passwords_are_alike_and_all_can_be_read_out() -> None:
    passwords = {office.one_time_password() for _ in range(200)}
    assert len(passwords) == 200
    assert not set("".join(passwords)) & set("0O1Il ")
    assert {len(each) for each in passwords} == {19}


@pytest.mark.parametrize(
    "account",
    [
        Account("", Role.CC_AGENT),
        Account("李华", Role.CC_AGENT, org="44/../4401"),
        Account("李华", Role.CC_AGENT, org="44/4401/440103/1"),
        Account("李华", Role.CC_AGENT, phone_address="13800138000"),
        Account("李华", Role.CC_AGENT, phone_address="sip:lihua"),
        Account("李华", Role.CC_AGENT, phone_address="browser:li hua"),
        Account("李华", Role.CC_AGENT, phone_address="sip:a@b\nX-Evil: 1"),
    ],
)
async def test_an_account_that_could_not_be_used_is_not_opened(storage: Database, boss: User, account: Account) -> None:
    with pytest.raises(AccountInvalid):
        await office.open_account(storage, HASHER, boss, "lihua", account, NOW)
    with pytest.raises(NotFound):
        await office.account_file(storage, "lihua")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.HQ_ADMIN])
async def test_who_decides_for_everybody_has_no_place(
    storage: Database, boss: User, password: str, signals: HeardSignals, role: Role
) -> None:
    with pytest.raises(WholeCompanyOnly):
        await office.open_account(storage, HASHER, boss, "hq", Account("总公司", role, org="44"), NOW)
    with pytest.raises(WholeCompanyOnly):
        await office.change_account(storage, signals, boss, "lihua", Account("李华", role, "44/4401"), NOW)
    await office.change_account(storage, signals, boss, "lihua", Account("李华", role), NOW)


async def test_a_change_says_from_what_to_what(
    storage: Database, boss: User, password: str, signals: HeardSignals
) -> None:
    changed = Account("李华", Role.CC_LEADER, "44", "browser:lihua")
    await office.change_account(storage, signals, boss, "lihua", changed, NOW)
    *_, row = (await office.account_file(storage, "lihua")).history
    assert row.event == AccountEvent.CHANGED
    assert row.detail == {
        "role": {"from": "CC_AGENT", "to": "CC_LEADER"},
        "org": {"from": "44/4401", "to": "44"},
        "phone_address": {"from": "sip:lihua@127.0.0.1", "to": "browser:lihua"},
    }
    await office.change_account(storage, signals, boss, "lihua", changed, NOW)
    assert len(await _history(storage)) == 2  # nothing was changed, nothing is told


async def test_who_is_disabled_is_out_at_once_and_stays_in_the_list(
    storage: Database, boss: User, password: str, signals: HeardSignals
) -> None:
    session = await log_in(storage, HASHER, "lihua", password, NOW)
    await office.disable_account(storage, signals, boss, "lihua", NOW)
    with pytest.raises(SessionOver):
        await session_of(storage, session.token, NOW)
    with pytest.raises(LoginRefused):
        await log_in(storage, HASHER, "lihua", password, NOW)
    assert [user.login for user in await office.accounts(storage, "李华")] == ["lihua"]
    await office.enable_account(storage, boss, "lihua", NOW)
    assert (await log_in(storage, HASHER, "lihua", password, NOW)).user.login == "lihua"
    assert [event for event, _ in await _history(storage)] == ["OPENED", "DISABLED", "ENABLED"]


async def test_nobody_locks_themselves_out(storage: Database, boss: User, signals: HeardSignals) -> None:
    with pytest.raises(NotAllowed):
        await office.disable_account(storage, signals, boss, "boss", NOW)
    with pytest.raises(NotAllowed):
        await office.change_account(storage, signals, boss, "boss", Account("管理员", Role.QA), NOW)


async def test_no_call_comes_to_a_disabled_agent(
    storage: Database, boss: User, password: str, signals: HeardSignals
) -> None:
    (lihua,) = await office.accounts(storage, "lihua")
    seat = await floor.sit_down(storage, signals, lihua, NOW)
    await leg_is_up(storage, signals, seat.id, NOW)
    await floor.get_ready(storage, signals, lihua, NOW)
    signals.topics.clear()
    await office.disable_account(storage, signals, boss, "lihua", NOW)
    async with storage.read() as work:
        after = await work.floor.seat_of("lihua")
    assert after is not None
    assert after.state is SeatState.AWAY
    assert signals.topics == [DESK_ORDERS, desk(SeatId("lihua")), WALL]


async def test_a_call_under_way_is_finished_before_its_agent_is_gone(
    site: Site, boss: User, signals: HeardSignals
) -> None:
    await office.open_account(site.storage, HASHER, boss, "agent1", AN_AGENT, NOW)
    await site.a_case_is_due()
    call = await site.connected()
    no_agent = Account("李华", Role.QA)
    await office.change_account(site.storage, signals, boss, "agent1", no_agent, site.now)
    seat = await site.seat()
    assert (seat.state, seat.call_id, seat.pause_after_call) == (SeatState.TALKING, call, True)


async def test_a_new_password_ends_the_old_one_its_sessions_and_a_lock(
    storage: Database, boss: User, password: str
) -> None:
    session = await log_in(storage, HASHER, "lihua", password, NOW)
    for _ in range(FAILURES_UNTIL_LOCKED):
        with pytest.raises(DialerError):
            await log_in(storage, HASHER, "lihua", "a wrong guess", NOW)
    new = await office.reset_password(storage, HASHER, boss, "lihua", NOW)
    with pytest.raises(SessionOver):
        await session_of(storage, session.token, NOW)
    assert (await log_in(storage, HASHER, "lihua", new, NOW)).user.must_change_password
    with pytest.raises(LoginRefused):
        await log_in(storage, HASHER, "lihua", password, NOW)


async def test_an_administrator_opens_a_lock_early(storage: Database, boss: User, password: str) -> None:
    for _ in range(FAILURES_UNTIL_LOCKED):
        with pytest.raises(DialerError):
            await log_in(storage, HASHER, "lihua", "a wrong guess", NOW)
    with pytest.raises(LockedOut):
        await log_in(storage, HASHER, "lihua", password, NOW)
    assert (await office.account_file(storage, "lihua")).user.locked(NOW)
    assert not (await office.account_file(storage, "lihua")).user.locked(NOW + timedelta(hours=1))
    await office.unlock_account(storage, boss, "lihua", NOW)
    assert (await log_in(storage, HASHER, "lihua", password, NOW)).user.login == "lihua"


async def test_accounts_are_found_by_role_and_by_what_is_known_of_them(
    storage: Database, boss: User, password: str
) -> None:
    assert [user.login for user in await office.accounts(storage)] == ["boss", "lihua"]
    assert [user.login for user in await office.accounts(storage, role=Role.ADMIN)] == ["boss"]
    assert [user.login for user in await office.accounts(storage, "4401")] == ["lihua"]
    assert await office.accounts(storage, "4401", Role.ADMIN) == []
