"""Nobody finds anything of another branch: not by its address, in no list, search or count (rules §2.4, §7.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from dialer.console.app import ROUTES
from dialer.console.routes import Route, admits
from dialer.domain.api_token import Scope
from dialer.domain.attachment import Attachment, AttachmentKind
from dialer.domain.steering import Steering, SteeringKind
from dialer.domain.ticket import TicketEvent, TransferTicket
from dialer.domain.user import WHOLE_COMPANY, Role, User
from dialer.recording.local_store import LocalStore
from tests.builders import a_policy, a_user, at, moved
from tests.console.desk import JSON, Console, Visitor
from tests.console.stories import an_issued_l1, sealed_in_store

THEIRS = "44/4401"
"""Where the records of the tests' world are."""
ELSEWHERE = {2: "31", 3: "31/3101", 4: "31/3101/310101"}
"""Places of another province, by level."""

WHOLE_COMPANYS = {
    "login": "accounts are kept by administrators, who belong to no branch",
    "version_id": "call scripts are the whole company's",
}
"""Parameters that name no record of a branch, and why."""
STAFF = tuple(role for role in Role if role not in WHOLE_COMPANY)

POLICY_NO = "P2026440001"
ASKED = ("", f"?policy_no={POLICY_NO}", "?every=1", f"?q={POLICY_NO}", "?q=王小明", "?holder=王小明", "?agent=agent1")
"""What a list or a search may be asked; what a page doesn't know it passes over."""

OF_ITS_READER = ("/audit", "/account", "/desk/events", "/floor/events")
"""Pages that show what their reader did, and change by being read; streams, which have no end."""

World = Mapping[str, str]
"""A branch's records, each by the parameter of the paths that lead to it."""


async def _a_world(console: Console, folder: Path) -> World:
    ticket = await an_issued_l1(console, a_policy(policy_no=POLICY_NO, product_code="DEMO-PAR"))
    async with console.site.storage.begin() as work:
        await work.floor.add_user(a_user(name="甲某坐席", org=THEIRS))
        decided = Steering(0, SteeringKind.PAUSE, THEIRS, None, "lina", at(9), why="甲地停电")
        steering = await work.steerings.add(decided)
    async with console.site.storage.read() as work:
        case = await work.cases.get(ticket.case_id)
        phone = (await work.policies.phones(case.holder_id))[0]
        (attempt,) = await work.calls.attempts(case.id)
    recording = await sealed_in_store(console, folder, attempt.call_id)
    assert case.org == ticket.org == THEIRS
    attachment = await _with_the_salesperson(console, ticket, folder)
    known = {
        "case_id": case.id,
        "ticket_id": ticket.id,
        "recording_id": recording.id,
        "phone_id": phone.id,
        "attachment_id": attachment.id,
        "steering_id": steering.id,
    }
    return {name: str(value) for name, value in known.items()}


async def _with_the_salesperson(console: Console, ticket: TransferTicket, folder: Path) -> Attachment:
    """The salesperson has the ticket, and a paper lies with it."""
    (folder / "scan.png").write_bytes(b"scan")
    await LocalStore(folder / "attachments").put("scan.png", folder / "scan.png")
    paper = Attachment(0, ticket.id, "扫描件.png", AttachmentKind.PNG, 4, "ab" * 32, "scan.png", "l4", at(16))
    async with console.site.storage.begin() as work:
        await work.tickets.move(replace(ticket, handed_to="S0001"), TicketEvent.ATTACHED, moved(when=at(16)))
        return await work.papers.put_attachment(paper)


def _filled(path: str, world: World) -> str:
    """A path with the records of this world in it."""
    for name in _parameters(path):
        if name not in world:
            pytest.fail(f"{path}: the walk knows no {name} of another branch. Add one to `_a_world`, or say in"
                        " WHOLE_COMPANYS why it is no branch's.", pytrace=False)  # fmt: skip
        path = path.replace(f"{{{name}}}", world[name])
    return path


def _parameters(path: str) -> list[str]:
    return [name for name in re.findall(r"\{(\w+)", path) if name not in WHOLE_COMPANYS]


OF_RECORDS = [route for route in ROUTES if _parameters(route.path)]
LISTS = [
    route
    for route in ROUTES
    if route.method == "GET" and "{" not in route.path and not route.path.startswith(OF_ITS_READER)
]


def _admitted(route: Route, role: Role, org: str) -> bool:
    assert not isinstance(route.needs, Scope)
    return admits(route.needs, User("someone", "某人", "", role, at(9), org=org))


SHOWING_NOTHING = {
    "/recordings/{recording_id}/waveform": "a picture of sound: no word can be read off it",
    "/campaigns/{steering_id}/end": "a supervisor's decision, no customer's data",
    "/cases/{case_id}/phones/{phone_id}": "masked again",
    "/tickets/{ticket_id}/phones/{phone_id}": "masked again",
}
"""Pages of records that leave no trace, and why."""


@pytest.mark.parametrize("route", OF_RECORDS, ids=lambda route: f"{route.method} {route.path}")
def test_every_page_of_a_record_leaves_a_trace(route: Route) -> None:
    assert route.method != "GET" or route.seen is not None or route.path in SHOWING_NOTHING


async def _status(person: Visitor, route: Route, path: str) -> int:
    return (await (person.get(path) if route.method == "GET" else person.post(path))).status


@pytest.mark.parametrize("level", ELSEWHERE)
async def test_a_record_of_another_branch_is_not_there(console: Console, log_in, tmp_path: Path, level: int) -> None:
    world, org = await _a_world(console, tmp_path), ELSEWHERE[level]
    for role in STAFF:
        person = await log_in(role, org=org)
        for route in OF_RECORDS:
            path = _filled(route.path, world)
            if _admitted(route, role, org):
                assert await _status(person, route, path) == 404, f"{role} of {org}: {route.method} {path}"


@pytest.mark.parametrize("org", ["", "44", THEIRS])
async def test_the_same_record_is_there_for_its_own(console: Console, log_in, tmp_path: Path, org: str) -> None:
    """Else the walk above would be content with records that don't exist at all."""
    world = await _a_world(console, tmp_path)
    for role in STAFF:
        person = await log_in(role, org=org)
        for route in OF_RECORDS:
            path = _filled(route.path, world)
            if route.method == "GET" and _admitted(route, role, org):
                assert await _status(person, route, path) == 200, f"{role} of {org}: {path}"


async def _pages(person: Visitor, role: Role, org: str) -> dict[str, str]:
    """Every list somebody may open, asked in every way, as a page and as data."""
    found = {}
    for route in LISTS:
        if _admitted(route, role, org):
            for asked, headers in product(ASKED, ({}, JSON)):
                address = f"{route.path}{asked}"
                found[f"{address} {headers}"] = await (await person.get(address, **headers)).text()
    return found


@pytest.mark.parametrize("level", ELSEWHERE)
async def test_no_list_search_or_count_tells_what_another_branch_does(
    console: Console, log_in, tmp_path: Path, level: int
) -> None:
    org, morning = ELSEWHERE[level], console.site.now
    people = {role: await log_in(role, org=org) for role in STAFF}
    console.site.now = at(17)
    before = {role: await _pages(person, role, org) for role, person in people.items()}
    console.site.now = morning
    await _a_world(console, tmp_path)
    console.site.now = at(17)
    for role, person in people.items():
        assert await _pages(person, role, org) == before[role], role


async def test_the_lists_of_the_own_branch_do_tell(console: Console, log_in, tmp_path: Path) -> None:
    """Else the comparison above could not fail."""
    person = await log_in(Role.CC_MANAGER, org="44")
    before = await _pages(person, Role.CC_MANAGER, "44")
    await _a_world(console, tmp_path)
    after = await _pages(person, Role.CC_MANAGER, "44")
    told = {address.partition("?")[0].split()[0] for address, text in after.items() if text != before[address]}
    assert {"/cases", "/tickets", "/floor"} <= told


@pytest.mark.parametrize("org", ["44/4401", "44/4401/440106"])
async def test_recordings_are_heard_by_nobody_below_the_province(console, log_in, tmp_path: Path, org: str) -> None:
    world = await _a_world(console, tmp_path)
    for role in STAFF:
        person = await log_in(role, org=org)
        assert (await person.get(f"/recordings/{world['recording_id']}")).status == 403, role
