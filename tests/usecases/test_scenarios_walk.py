"""A walk at random through the story: whatever phones, customers, agents and tickets do, the promises hold."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import pytest

from dialer.domain.calendar import shanghai_time
from dialer.domain.call import (
    Answered,
    CallEvent,
    CallId,
    Connected,
    EarlyMedia,
    Ended,
    Party,
    RecordingStarted,
    Ringing,
    SeatId,
)
from dialer.domain.case import ON_THE_PHONE, POOL, CaseId, CaseState, RevisitCase
from dialer.domain.errors import NotAllowed
from dialer.domain.interview.moves import visible_events
from dialer.domain.outcome import Outcome
from dialer.domain.recording import RecordingState
from dialer.domain.script.model import SAME, Comparison
from dialer.domain.seat import SeatState
from dialer.domain.ticket import TICKET, TicketEvent, TicketState
from dialer.domain.user import Role
from dialer.ports import SoundLost, StoreFailed
from dialer.ports.storage import Moved, Work
from dialer.usecases.close_case import cancel_case
from dialer.usecases.conduct_interview import choose_answer, conversations, report_event
from dialer.usecases.finish_attempt import AppointmentNeeded, wrap_up
from dialer.usecases.judge_refusal import judge_refusal
from dialer.usecases.keep_the_pool import expire_erevisits, flag_late, renew_ranks
from dialer.usecases.place_call import Previewed, place_next_call
from dialer.usecases.prove_case import proof_of
from tests.builders import a_holder, a_number, a_user, sound_files
from tests.usecases.site import Site, on

QA = a_user(login="qa", role=Role.QA)
SEATS = (SeatId("seat-1"), SeatId("seat-2"))
PEOPLES_TURN = {
    CaseState.REFUSAL_QA,
    CaseState.EREVISIT_WAIT,
    CaseState.ALT_CHANNEL,
    CaseState.REPLY_CORRECTION,
    CaseState.FROZEN,
}
OPEN_AT = {CaseState.U_OPEN, CaseState.L1_OPEN, CaseState.L2_OPEN}
ISSUED_AT = {CaseState.U_ISSUED, CaseState.L1_ISSUED, CaseState.L2_ISSUED}
BELOW = {TicketState.ISSUED_TO_L3, TicketState.FORWARDED_TO_L4, TicketState.SIGNED_BY_SALES}
DONE = {TicketState.CLOSED, TicketState.RECALLED}


@dataclass
class Walk:
    """One world and its dice."""

    site: Site
    dice: random.Random
    cases: list[RevisitCase] = field(default_factory=list)
    seen: dict[int, Outcome] = field(default_factory=dict)

    async def begin(self) -> None:
        await self.site.seat_is_ready(SEATS[1], "agent2")
        shared, number = a_holder(), a_number()
        self.cases = [await self.site.a_case_is_due(holder=shared, number=number) for _ in range(2)]
        self.cases.append(await self.site.a_case_is_due(number=number))
        self.cases += [await self.site.a_case_is_due() for _ in range(3)]

    async def step(self) -> None:
        """Something happens; what is impossible now gives way to something else."""
        deeds = (self.dial, self.wire, self.talk, self.wrap_up, self.seal, self.tickets, self.people, self.time_passes)
        while not await self.dice.choices(deeds, (4, 6, 10, 4, 1, 2, 1, 2))[0]():
            pass

    async def dial(self) -> bool:
        async with self.site.storage.read() as work:
            seat = await work.floor.seat(self.dice.choice(SEATS))
        assert seat is not None
        order = await place_next_call(
            self.site.storage, self.site.scripts, self.site.rulebook, seat, "engine-1", self.site.now
        )
        assert not isinstance(order, Previewed)
        if order is not None:
            await self.may_be_dialled(order.call_id)
        return order is not None

    async def may_be_dialled(self, call_id: CallId) -> None:
        """Checked by hand, not by the rules' own code: the hour, and the number's calls of the day."""
        async with self.site.storage.read() as work:
            stored = await work.calls.get(call_id)
            attempts = await work.calls.attempts_of(call_id)
            today = await work.calls.to_number(stored.number_hash, _midnight(self.site.now))
        local = shanghai_time(self.site.now).time()
        ordinary = any(start <= local < end for start, end in _WINDOWS)
        promised = any(attempt.by_appointment for attempt in attempts)
        assert promised or ordinary, f"dialled at {local}"
        assert sum(call.disturbed for call in today) <= (3 if promised else 2)
        assert sum(call.outcome is None for call in today) == 1, "two calls to one number at once"

    async def wire(self) -> bool:
        open_calls = await self.open_calls()
        if not open_calls:
            return False
        call_id = self.dice.choice(open_calls)
        now = self.site.now
        self.site.later(seconds=self.dice.randint(1, 30))
        stories: dict[str, list[CallEvent]] = {
            "rings out": [Ringing(call_id, now), Ended(call_id, now, Party.DIALER, 487, ring_timeout=True)],
            "vacant": [EarlyMedia(call_id, now), Ended(call_id, now, Party.NETWORK, 404)],
            "busy": [Ended(call_id, now, Party.NETWORK, 486)],
            "no network": [Ended(call_id, now, Party.NETWORK, 503)],
            "fault": [Ended(call_id, now, Party.DIALER, failure="WORKER_DIED")],
            "hang-up": [Ended(call_id, now, Party.CUSTOMER)],
            "abandoned": [Answered(call_id, now), Ended(call_id, now, Party.CUSTOMER)],
            "talk": [
                Ringing(call_id, now),
                Answered(call_id, now),
                RecordingStarted(call_id, now, sound_files(call_id)),
                Connected(call_id, now),
                Connected(call_id, now),
            ],
        }
        named = self.dice.choices(tuple(stories), (2, 1, 1, 1, 1, 1, 1, 8))[0]
        for event in stories[named]:
            await self.site.hear(event)
        return True

    async def talk(self) -> bool:
        connected = await self.open_calls(connected=True)
        if not connected:
            return False
        call_id = self.dice.choice(connected)
        for _ in range(self.dice.randint(1, 40)):
            current = await self.site.conversation(call_id)
            if current.interview.is_over:
                break
            self.site.later(seconds=self.dice.randint(2, 9))
            node = current.script.node(current.interview.node)
            tail = await self.site.id_tail(current)
            async with self.site.storage.begin() as work:
                talks = await conversations(work, self.site.scripts, call_id)
                if self.dice.random() < 0.03:
                    event = self.dice.choice(visible_events(current.script, current.interview)).event
                    await report_event(work, talks, node.id, event, self.site.now)
                    continue
                chosen = node.options[0] if self.dice.random() < 0.9 else self.dice.choice(node.options)
                told = {each.field: "2026-09-20" if each.is_date else "客户原话" for each in chosen.captures}
                if node.compare is Comparison.ID_TAIL and chosen.code == SAME:
                    told[Comparison.ID_TAIL] = tail
                await choose_answer(work, talks, node.id, chosen.code, told, self.site.now)
        if (await self.site.conversation(call_id)).interview.is_over:
            self.site.later(seconds=self.dice.randint(0, 60))
            await self.site.hung_up(call_id)
        return True

    async def wrap_up(self) -> bool:
        async with self.site.storage.read() as work:
            waiting = [seat for seat in await work.floor.seats() if seat.state is SeatState.WRAP_UP]
        for seat in waiting:
            at = self.site.now + timedelta(minutes=self.dice.randint(5, 3000))
            try:
                await wrap_up(
                    self.site.storage, self.site.signals, self.site.scripts, self.site.rulebook, seat.login,
                    self.site.now, appointment_at=at, customer_asked=self.dice.random() < 0.5,
                )  # fmt: skip
            except AppointmentNeeded:
                continue  # the agent asks for another time
        return bool(waiting)

    async def seal(self) -> bool:
        faults = (None, None, None, StoreFailed("away"), SoundLost("gone"))
        await self.site.sealed(self.dice.choice(faults))
        return True

    async def tickets(self) -> bool:
        await self.site.extraction(only_urgent=self.dice.random() < 0.5)
        out = [t for case in self.cases for t in await self.site.tickets(case) if t.state in BELOW]
        if not out or self.dice.random() < 0.4:
            return bool(out)
        changes = self.dice.choice(
            ({}, {}, {"cannot_contact": True}, {"account": "", "customer_said": "已联系", "done": ""},
             {"new_phone": f"139{self.dice.randint(10_000_000, 99_999_999)}", "new_phone_owner": "本人"})
        )  # fmt: skip
        await self.site.reply(self.dice.choice(out), **changes)
        return True

    async def people(self) -> bool:
        site = self.site
        await expire_erevisits(site.storage, site.rulebook, site.now)
        await flag_late(site.storage, site.now)
        await renew_ranks(site.storage, site.rulebook, site.now)
        case = await site.case(self.dice.choice(self.cases))
        if case.state is CaseState.REFUSAL_QA:
            try:
                refused = self.dice.random() < 0.5
                await judge_refusal(
                    site.storage, site.signals, site.rulebook, QA, case.id, site.now, refused=refused, why="听"
                )
            except NotAllowed:
                return True
        elif self.dice.random() < 0.02 and not case.state.closed:
            await self.cancel(case.id)
        return True

    async def cancel(self, case_id: CaseId) -> None:
        """As an import does: at once, or by a mark for a case that is on the phone."""
        async with self.site.storage.begin() as work:
            case = await work.cases.get(case_id)
            await work.policies.cancel(case.policy_no, self.site.now)
            if case.state not in ON_THE_PHONE:
                await cancel_case(work, case, Moved("import", self.site.now, {}))

    async def time_passes(self) -> bool:
        async with self.site.storage.read() as work:
            next_due = await work.cases.next_due()
        if next_due is not None and next_due > self.site.now and self.dice.random() < 0.6:
            self.site.now = shanghai_time(next_due)
        else:
            self.site.later(minutes=self.dice.randint(1, 400))
        return True

    async def open_calls(self, *, connected: bool = False) -> list[CallId]:
        async with self.site.storage.read() as work:
            calls = await work.calls.open_calls("engine-1")
        return [each.call.call_id for each in calls if (each.call.connected_at is not None) or not connected]

    async def holds(self) -> None:
        """Every promise, looked at from outside."""
        async with self.site.storage.read() as work:
            busy = {seat.call_id for seat in await work.floor.seats() if seat.call_id is not None}
            for seat in await work.floor.seats():
                occupied = seat.state in (SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP)
                assert occupied is (seat.call_id is not None)
            for known in self.cases:
                case = await work.cases.get(known.id)
                await self._attempts_hold(work, case, busy)
                await self._place_holds(work, case)
                await self._tickets_hold(work, case)

    async def _attempts_hold(self, work: Work, case: RevisitCase, busy: set[CallId]) -> None:
        attempts = await work.calls.attempts(case.id)
        open_ones = [attempt for attempt in attempts if attempt.outcome is None]
        assert len(open_ones) == (case.state in ON_THE_PHONE), f"{case.state} with {len(open_ones)} open attempts"
        assert all(attempt.call_id in busy for attempt in open_ones), "a call without a seat"
        for attempt in attempts:
            if attempt.outcome is not None:
                assert self.seen.setdefault(attempt.id, attempt.outcome) is attempt.outcome

    async def _place_holds(self, work: Work, case: RevisitCase) -> None:
        tickets = {ticket.round: ticket for ticket in await work.tickets.of_case(case.id)}
        current = tickets.get(case.round)
        if case.state in (CaseState.CLOSED_SUCCESS, CaseState.CLOSED_PROBLEM_HANDLED):
            assert await proof_of(work, case, self.site.rulebook.proof) == ()
            assert {ticket.state for ticket in tickets.values()} <= {TicketState.CLOSED}
        elif case.state.closed or case.state in ON_THE_PHONE or case.state in PEOPLES_TURN:
            pass
        elif case.state in POOL:
            assert case.next_at is not None
        elif case.state in OPEN_AT:
            assert current is not None
            assert current.state is TicketState.CREATED
        elif case.state in ISSUED_AT:
            assert current is not None
            assert current.state in BELOW
        else:
            assert case.state in (CaseState.SEALING, CaseState.L2_REPLIED), f"nobody moves a case in {case.state}"
            linked = [recording.state for recording, _ in await work.recordings.of_case(case.id)]
            assert set(linked) - {RecordingState.SEALED, RecordingState.LOST}, "it waits for no recording"

    async def _tickets_hold(self, work: Work, case: RevisitCase) -> None:
        tickets = await work.tickets.of_case(case.id)
        assert len({ticket.round for ticket in tickets}) == len(tickets) <= 3
        for ticket in tickets:
            assert ticket.items
            assert TICKET.allowed(ticket.state) or ticket.state in DONE
            waits_in_vain = ticket.state is TicketState.ACCEPTED and ticket.round == case.round
            assert not (waits_in_vain and case.state in (*POOL, *OPEN_AT, *ISSUED_AT)), "an answer nobody takes up"
            assert not (ticket.state is TicketState.ACCEPTED and case.state.closed)
            if TicketEvent.REPLIED in TICKET.allowed(ticket.state):
                assert ticket.due_at is not None


_WINDOWS = ((time(9), time(12)), (time(14), time(17, 30)), (time(18), time(20, 30)))


def _midnight(now: datetime) -> datetime:
    return shanghai_time(now).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize("seed", range(6))
async def test_no_walk_through_the_story_breaks_a_promise(site: Site, seed: int):
    walk = Walk(site, random.Random(seed))
    await walk.begin()
    for _ in range(150):
        if site.now > on(11, 20, 0):
            break
        await walk.step()
        await walk.holds()
    assert walk.seen
