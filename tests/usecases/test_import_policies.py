"""Chapter: imported. Through real files into a real database."""

from __future__ import annotations

import asyncio
import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.domain.case import CaseEvent, CaseState, RevisitCase
from dialer.domain.problem import Problem, ProblemType
from dialer.domain.sampling import ProvinceRules, Stratum, draw_sample
from dialer.domain.ticket import TicketState
from dialer.importing import ErrorFile, PolicyFile, give_way
from dialer.ports.storage import FoundProblem, HistoryRow, Storage
from dialer.ports.topics import DISPATCH
from dialer.storage.database import Database
from dialer.storage.schema import upgrade
from dialer.storage.vault import Vault
from dialer.usecases.enter_policy import CANCELLED_IN_CALL, SHARED_PHONE, STAFF_PHONE
from dialer.usecases.import_policies import import_policies
from dialer.usecases.open_ticket import open_ticket
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.tell_import import ImportReport
from tests.builders import at, moved
from tests.usecases.site import HeardSignals
from trials.extracts import Values, a_row, a_short_row, an_id, write_csv, write_xlsx

TOMORROW = date(2026, 9, 19)


async def _at_once() -> None:
    """Nobody else writes."""


@dataclass
class Desk:
    """Somebody who imports files; `now` is when."""

    storage: Storage
    rulebook: Rulebook
    folder: Path
    instant: datetime = field(default_factory=lambda: at(19))
    signals: HeardSignals = field(default_factory=HeardSignals)

    def now(self) -> datetime:
        return self.instant

    async def take(self, *rows: Values) -> ImportReport:
        return await self.take_file(write_csv(self.folder / "policies.csv", rows))

    async def take_file(self, path: Path) -> ImportReport:
        with ErrorFile(path) as faults:
            return await import_policies(
                self.storage,
                self.signals,
                PolicyFile.open(path),
                faults,
                self,
                self.rulebook,
                by="clerk",
                seed="seed",
                give_way=_at_once,
            )

    def errors(self, name: str = "policies.csv") -> list[dict[str, str]]:
        path = self.folder / f"{name}.errors.csv"
        return list(csv.DictReader(path.read_text("utf-8-sig").splitlines())) if path.exists() else []

    async def case(self, number: int = 1) -> RevisitCase:
        async with self.storage.read() as work:
            case = await work.cases.of_policy(f"P{number:09d}")
        assert case is not None
        return case

    async def history(self, number: int = 1) -> Sequence[HistoryRow]:
        case = await self.case(number)
        async with self.storage.read() as work:
            return await work.cases.history(case.id)

    async def counts(self) -> Mapping[CaseState, int]:
        async with self.storage.read() as work:
            return await work.cases.counts()

    async def move(self, *events: CaseEvent) -> RevisitCase:
        case = await self.case()
        async with self.storage.begin() as work:
            for event in events:
                case = await work.cases.move(case, event, moved(when=self.instant))
        return case


@pytest.fixture
def desk(storage: Database, rulebook: Rulebook, tmp_path: Path) -> Desk:
    return Desk(storage, rulebook, tmp_path)


async def test_a_new_policy_with_a_receipt_is_ready_with_its_deadlines_and_first_instant(desk: Desk):
    report = await desk.take(a_row())

    case = await desk.case()
    assert desk.signals.topics == [DISPATCH]
    assert report.counts == {
        "rows": 1, "new": 1, "changed": 0, "unchanged": 0, "bad": 0, "sampled_out": 0, "left_out": 0,
    }  # fmt: skip
    assert (case.state, case.org) == (CaseState.READY, "35/3501")
    assert (case.revisit_last_day, case.surrender_last_day) == (date(2026, 10, 3), date(2026, 10, 8))
    assert case.next_at == at(9, day=date(2026, 9, 20))  # a working Sunday
    assert [(row.event, row.actor, row.detail["row"]) for row in await desk.history()] == [("CREATED", "clerk", 2)]


async def test_a_policy_without_a_receipt_waits_and_is_never_due(desk: Desk):
    await desk.take(a_row(receipt_date="", receipt_entered_on=""))

    assert (await desk.case()).state is CaseState.PENDING_RECEIPT
    async with desk.storage.read() as work:
        assert await work.cases.due(at(10, day=date(2026, 12, 1)), 10) == []


async def test_the_receipt_of_a_later_import_makes_the_case_ready(desk: Desk):
    await desk.take(a_row(receipt_date="", receipt_entered_on=""))
    desk.instant = at(6, day=date(2026, 9, 22))

    report = await desk.take(a_row(receipt_date="2026-09-21", receipt_entered_on=""))

    case = await desk.case()
    assert report.changed == 1
    assert case.state is CaseState.READY
    assert case.next_at == at(9, day=date(2026, 9, 23))
    last = (await desk.history())[-1]
    assert (last.event, last.detail["changes"]["receipt_date"]) == ("RECEIPT_ENTERED", {"from": "", "to": "2026-09-21"})


async def test_duplicate_import_of_one_policy_changes_nothing(desk: Desk):
    rows = [a_row(1), a_row(2, receipt_entered_on=""), a_row(3, receipt_date="", receipt_entered_on="")]
    await desk.take(*rows, *[a_short_row(number) for number in range(10, 17)])
    before = [await desk.case(number) for number in (1, 2, 3)], await desk.counts()
    desk.instant = at(6, day=date(2026, 9, 25))

    again = await desk.take(*rows, *[a_short_row(number) for number in range(10, 17)])

    assert (again.new, again.changed, again.unchanged, again.bad) == (0, 0, 10, 0)
    assert ([await desk.case(number) for number in (1, 2, 3)], await desk.counts()) == before


async def test_the_same_policies_in_another_file_change_nothing(desk: Desk):
    rows = [a_row(number) for number in range(1, 4)]
    await desk.take(*rows)

    again = await desk.take_file(write_xlsx(desk.folder / "b.xlsx", rows, english=True))

    assert (again.new, again.unchanged) == (0, 3)


async def test_a_policy_twice_in_a_file_is_one_and_the_first_counts(desk: Desk):
    rows = [a_row(1), a_row(1), a_row(1, premium="1"), a_short_row(2), a_short_row(2), a_short_row(2, premium="1")]

    first = await desk.take(*rows)
    second = await desk.take(*rows)

    assert (first.new, first.changed, first.unchanged, first.bad) == (2, 0, 2, 2)
    assert (second.new, second.changed, second.unchanged, second.bad) == (0, 0, 4, 2)
    assert [(line["行号"], line["代码"]) for line in desk.errors()] == [("4", "POLICY_TWICE"), ("7", "POLICY_TWICE")]


async def test_the_same_row_again_is_no_fault_however_far_below_while_the_policy_waits_for_its_draw(desk: Desk):
    report = await desk.take(*[a_short_row(number) for number in range(1, 31)], a_short_row(1))

    assert (report.new, report.unchanged, report.bad) == (30, 1, 0)


async def test_a_changed_policy_says_what_changed_with_personal_values_masked(desk: Desk):
    await desk.take(a_row(address="福建省福州市鼓楼区1号"))

    await desk.take(a_row(address="福建省福州市台江区2号", holder_name="李建国", premium="13000", mobile="13900000009"))

    last = (await desk.history())[-1]
    assert last.event == CaseEvent.POLICY_CHANGED
    assert last.detail["changes"] == {
        "premium_fen": {"from": 1_200_000, "to": 1_300_000},
        "name": {"from": "王**", "to": "李**"},
        "address": {"from": "福建省****楼区1号", "to": "福建省****江区2号"},
        "phones": {"from": "", "to": "139****0009"},
    }


async def test_a_later_receipt_date_moves_the_deadlines_but_not_a_case_under_way(desk: Desk):
    await desk.take(a_row())
    before = await desk.move(CaseEvent.PLACED, CaseEvent.RETRY)

    await desk.take(a_row(receipt_date="2026-09-17"))

    case = await desk.case()
    assert case.state is CaseState.RETRY_WAIT
    assert case.revisit_last_day == date(2026, 10, 2)
    assert case.version == before.version + 1


async def test_a_cancelled_policy_closes_its_case_and_recalls_its_ticket(desk: Desk, rulebook: Rulebook):
    await desk.take(a_row())
    case = await desk.move(CaseEvent.PLACED, CaseEvent.UNREACHED)
    async with desk.storage.begin() as work:
        await open_ticket(work, case, ProblemType.UNREACHABLE.level, rulebook, desk.instant)

    await desk.take(a_row(cancelled_on="2026-09-18"))

    case = await desk.case()
    async with desk.storage.read() as work:
        (ticket,) = await work.tickets.of_case(case.id)
        policy = await work.policies.get(case.policy_no)
    assert (case.state, case.closed_at) == (CaseState.CLOSED_CANCELLED, desk.instant)
    assert ticket.state is TicketState.RECALLED
    assert policy.cancelled_at == at(0)


async def test_a_conduct_finding_outlives_the_cancelled_policy(desk: Desk):
    await desk.take(a_row())
    case = await desk.case()
    async with desk.storage.begin() as work:
        problem = FoundProblem(Problem(ProblemType.AGENT_VIOLATION, "REBATE_OR_EXTRA_BENEFIT"), desk.instant, 0)
        await work.interviews.put_problems(case.id, [problem])

    await desk.take(a_row(cancelled_on="2026-09-18"))

    async with desk.storage.read() as work:
        assert await work.interviews.referrals(case.id) == [("CONDUCT_INVESTIGATION", {"why": "CANCELLED"})]


async def test_a_policy_cancelled_during_the_call_is_flagged_and_not_torn_away(desk: Desk):
    await desk.take(a_row())
    await desk.move(CaseEvent.PLACED, CaseEvent.ANSWERED)

    await desk.take(a_row(cancelled_on="2026-09-18"))

    case = await desk.case()
    assert case.state is CaseState.IN_CALL
    assert CANCELLED_IN_CALL in case.flags


async def test_a_policy_that_comes_in_cancelled_is_closed_at_once(desk: Desk):
    await desk.take(a_row(cancelled_on="2026-09-18"))

    assert (await desk.case()).state is CaseState.CLOSED_CANCELLED


async def test_a_group_policy_is_outside_the_revisit(desk: Desk):
    await desk.take(a_row(group="是"))

    assert (await desk.case()).state is CaseState.NOT_SAMPLED


async def test_a_bank_accident_policy_of_one_year_with_seven_policies_draws_four(desk: Desk):
    report = await desk.take(*[a_short_row(number) for number in range(1, 8)])

    assert (report.new, report.sampled_out) == (7, 3)
    assert await desk.counts() == {CaseState.READY: 4, CaseState.NOT_SAMPLED: 3}


async def test_the_draw_can_be_repeated_from_its_seed(desk: Desk):
    report = await desk.take(*[a_short_row(number) for number in range(1, 8)])

    stratum = Stratum("3501", "", "DEMO-ACC")
    policies = [f"P{number:09d}" for number in range(1, 8)]
    drawn = draw_sample(f"seed/{report.import_id}/1", {stratum: policies}, Decimal("0.5"))
    ready = {f"P{n:09d}" for n in range(1, 8) if (await desk.case(n)).state is CaseState.READY}
    assert ready == drawn


async def test_a_drawn_policy_without_a_receipt_waits_for_it_and_one_not_drawn_does_not(desk: Desk):
    await desk.take(*[a_short_row(n, receipt_date="", receipt_entered_on="") for n in range(1, 8)])
    assert await desk.counts() == {CaseState.PENDING_RECEIPT: 4, CaseState.NOT_SAMPLED: 3}

    await desk.take(*[a_short_row(number) for number in range(1, 8)])

    assert await desk.counts() == {CaseState.READY: 4, CaseState.NOT_SAMPLED: 3}


async def test_a_policy_left_out_that_turns_out_long_term_is_revisited(desk: Desk):
    await desk.take(*[a_short_row(number) for number in range(1, 8)])
    left_out, *_ = [n for n in range(1, 8) if (await desk.case(n)).state is CaseState.NOT_SAMPLED]

    await desk.take(a_short_row(left_out, term="20年"))

    assert (await desk.case(left_out)).state is CaseState.READY


async def test_a_provinces_own_rate_is_drawn_too(desk: Desk):
    fujian = ProvinceRules(short_term_sample_rate=Decimal("0.1"))
    desk.rulebook = replace(desk.rulebook, provinces={"35": fujian})

    report = await desk.take(*[a_short_row(number, channel="个险") for number in range(1, 12)])

    assert (report.new, report.sampled_out) == (11, 9)


async def test_scenario_10_spouses_with_one_phone_are_taken_with_a_note_on_both(desk: Desk):
    await desk.take(a_row(1, mobile="13800000001"), a_row(2, mobile="13800000001"))

    cases = [await desk.case(1), await desk.case(2)]
    assert [case.state for case in cases] == [CaseState.READY, CaseState.READY]
    assert [case.flags for case in cases] == [{SHARED_PHONE}, {SHARED_PHONE}]


async def test_two_policies_of_one_holder_share_nothing(desk: Desk):
    await desk.take(a_row(1), a_row(2, id_no=a_row(1)["id_no"], mobile=a_row(1)["mobile"]))

    one, two = await desk.case(1), await desk.case(2)
    assert one.holder_id == two.holder_id
    assert one.flags | two.flags == frozenset()


async def test_scenario_10_a_salespersons_phone_on_six_policies_is_blocked_before_dialling(desk: Desk):
    staff = "13911112222"
    rows = [a_row(number, mobile=staff) for number in range(1, 7)]

    await desk.take(*rows, a_row(7, salesperson_phone=staff))

    for number in range(1, 7):
        case = await desk.case(number)
        async with desk.storage.read() as work:
            problems = await work.interviews.problems(case.id)
            (ticket,) = await work.tickets.of_case(case.id)
            (phone,) = await work.policies.phones(case.holder_id)
        assert case.state is CaseState.U_OPEN
        assert STAFF_PHONE in case.flags
        assert [found.problem.type for found in problems] == [ProblemType.DATA_ERROR]
        assert ticket.state is TicketState.CREATED
        assert phone.staff_number
    assert (await desk.case(7)).state is CaseState.READY


async def test_a_customer_with_a_number_of_their_own_beside_the_salespersons_is_dialled_on_it(desk: Desk):
    await desk.take(a_row(mobile="13911112222", home_phone="059187654321", salesperson_phone="13911112222"))

    case = await desk.case()
    async with desk.storage.read() as work:
        numbers = await work.policies.phones(case.holder_id)
    assert case.state is CaseState.READY
    assert STAFF_PHONE in case.flags
    assert [phone.staff_number for phone in numbers] == [True, False]


async def test_a_salespersons_number_that_no_customer_had_yet_is_known_in_later_imports(desk: Desk):
    await desk.take(a_row(1, salesperson_phone="13911112222"))

    await desk.take(a_row(2, mobile="13911112222"))

    case = await desk.case(2)
    assert case.state is CaseState.U_OPEN
    assert STAFF_PHONE in case.flags


async def test_a_salespersons_number_is_remembered_and_found_back_in_other_imports(desk: Desk):
    await desk.take(a_row(1, mobile="13911112222"))
    await desk.take(a_row(2, salesperson_phone="13911112222"))
    async with desk.storage.read() as work:
        (phone,) = await work.policies.phones((await desk.case(1)).holder_id)
    assert phone.staff_number

    await desk.take(a_row(3, mobile="13911112222"))

    assert (await desk.case(3)).state is CaseState.U_OPEN


async def test_a_year_without_calendar_is_that_rows_error_and_the_others_are_kept(desk: Desk):
    desk.instant = at(19, day=date(2026, 12, 29))
    late = {"receipt_date": "2026-12-28", "receipt_entered_on": "2026-12-28"}

    report = await desk.take(a_row(1), a_row(2, **late), a_short_row(3, **late), a_row(4))

    assert (report.new, report.bad) == (2, 2)
    assert [(line["行号"], line["代码"]) for line in desk.errors()] == [
        ("3", "CALENDAR_MISSING"),
        ("4", "CALENDAR_MISSING"),
    ]
    async with desk.storage.read() as work:
        assert await work.policies.digests(["P000000002", "P000000003"]) == {}


async def test_a_receipt_of_the_future_is_refused(desk: Desk):
    report = await desk.take(a_row(receipt_date=TOMORROW.isoformat(), receipt_entered_on=""))

    assert (report.new, report.bad) == (0, 1)
    assert desk.errors()[0]["代码"] == "RECEIPT_IN_FUTURE"


async def test_ten_thousand_bad_rows_of_ten_thousand_are_all_told(desk: Desk):
    report = await desk.take(*[a_row(number, premium="free") for number in range(10_000)])

    assert (report.rows, report.bad, report.new) == (10_000, 10_000, 0)
    assert [line["行号"] for line in desk.errors()] == [str(row) for row in range(2, 10_002)]


async def test_good_rows_among_bad_ones_are_kept(desk: Desk):
    report = await desk.take(a_row(1), a_row(2, term="?"), a_row(3, mobile="?"), a_row(4))

    assert (report.new, report.bad, report.left_out) == (3, 1, 1)
    assert [(line["行号"], line["处理"]) for line in desk.errors()] == [
        ("3", "整行未导入"),
        ("4", "已导入，未采用此值"),
    ]


async def test_unknown_columns_are_reported(desk: Desk):
    assert (await desk.take(a_row(星座="白羊"))).unknown_columns == ("星座",)


async def test_an_import_cut_short_is_finished_by_running_it_again(desk: Desk):
    rows = [a_row(number) for number in range(1, 601)] + [a_short_row(number) for number in range(700, 707)]
    path = write_csv(desk.folder / "policies.csv", rows)
    with pytest.raises(RuntimeError, match="power cut"):
        await import_policies(
            desk.storage,
            desk.signals,
            _CutShort(path),
            ErrorFile(path),
            desk,
            desk.rulebook,
            by="clerk",
            seed="seed",
            give_way=_at_once,
        )
    assert await desk.counts() == {CaseState.READY: 500}

    report = await desk.take_file(path)

    assert (report.new, report.unchanged) == (107, 500)
    assert await desk.counts() == {CaseState.READY: 604, CaseState.NOT_SAMPLED: 3}


async def test_the_database_file_holds_no_number_name_or_document_in_the_clear(desk: Desk, storage: Database):
    await desk.take(a_row(holder_name="欧阳明月", address="福州市鼓楼区", special_clause="特别约定甲"))
    await desk.take(a_row(holder_name="欧阳明日", address="福州市台江区", special_clause="特别约定乙"))
    await storage.close()

    content = b"".join(path.read_bytes() for path in desk.folder.glob("dialer.db*"))
    for secret in ("13800000001", "欧阳明", "鼓楼", "特别约定", an_id(1, "19600101")):
        assert secret.encode() not in content


@pytest.mark.postgres
async def test_an_import_on_postgresql_does_the_same(postgres_url: str, rulebook: Rulebook, tmp_path: Path):
    await upgrade(postgres_url)
    database = await Database.open(postgres_url, Vault(os.urandom(32)))
    desk = Desk(database, rulebook, tmp_path)
    rows = [a_row(1), a_row(2, mobile=a_row(1)["mobile"]), *[a_short_row(number) for number in range(10, 17)]]
    try:
        first = await desk.take(*rows)
        again = await desk.take(a_row(1, premium="1"), *rows[1:])
        counts = await desk.counts()
    finally:
        await database.close()

    assert (first.new, first.sampled_out) == (9, 3)
    assert (again.changed, again.unchanged) == (1, 8)
    assert counts == {CaseState.READY: 6, CaseState.NOT_SAMPLED: 3}


@pytest.mark.slow
async def test_others_write_while_an_import_runs(desk: Desk, storage: Database):
    other = Database(str(storage.url), Vault(os.urandom(32)), busy_seconds=3)
    path = write_csv(desk.folder / "policies.csv", [a_row(number) for number in range(120)])
    importing = asyncio.create_task(
        import_policies(
            storage,
            desk.signals,
            PolicyFile.open(path),
            ErrorFile(path),
            desk,
            desk.rulebook,
            by="clerk",
            seed="s",
            give_way=give_way,
        )
    )
    beats = 0
    while not importing.done():
        async with other.begin() as work:
            await work.ledger.beat("engine", "engine", desk.instant)
        beats += 1
    await other.close()

    assert (await importing).new == 120
    assert beats > 6  # once a unit at the least


class _CutShort:
    """An extract whose reading dies after 510 rows."""

    unknown_columns = ()

    def __init__(self, path: Path) -> None:
        self._file = PolicyFile.open(path)
        self.name, self.sha256 = self._file.name, self._file.sha256

    def staff_numbers(self):
        return frozenset()

    def entries(self):
        for count, entry in enumerate(self._file.entries()):
            if count == 510:
                raise RuntimeError("power cut")
            yield entry
