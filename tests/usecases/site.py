"""What the chapters are told in: a site whose phone system is the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from dialer.domain.calendar import SHANGHAI
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
from dialer.domain.case import POOL, CaseState, RevisitCase
from dialer.domain.errors import DialerError
from dialer.domain.holder import Policyholder
from dialer.domain.outcome import Outcome
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource
from dialer.domain.policy import Policy
from dialer.domain.problem import ProblemType
from dialer.domain.recording import Seal
from dialer.domain.reply import Objection, ReplyContent
from dialer.domain.script.model import SAME, Comparison
from dialer.domain.seat import Seat, SeatEvent
from dialer.domain.ticket import TransferTicket
from dialer.ports import DialOrder, Scripts
from dialer.ports.storage import HolderPhone
from dialer.storage.database import Database
from dialer.usecases.answer_ticket import reply_to_ticket
from dialer.usecases.conduct_interview import (
    Conversation,
    choose_answer,
    conversations,
    held,
    report_event,
    take_back_answer,
)
from dialer.usecases.finish_attempt import wrap_up
from dialer.usecases.follow_call import Followed, follow_call
from dialer.usecases.issue_tickets import issue_tickets
from dialer.usecases.keep_recording import seal_next
from dialer.usecases.place_call import Previewed, place_next_call, place_previewed_call
from dialer.usecases.rulebook import Rulebook
from tests.builders import a_case, a_holder, a_number, a_policy, a_seal, a_seat, at, moved, sound_files

SEAT = SeatId("seat-1")


def on(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of 2026 in Shanghai."""
    return at(hour, minute, day=date(2026, month, day))


def a_reply(now: datetime, **changes: Any) -> ReplyContent:
    """An answer that holds up: who met whom, when, how, what was said and done."""
    facts: dict[str, Any] = {
        "contacted_by": "李明",
        "contacted_whom": "王小明",
        "contacted_at": now,
        "means": "上门",
        "account": "本人于今日上午到客户家中拜访，向客户逐条说明了保险责任、责任免除和缴费期限，客户当场翻看了合同。",
        "customer_said": "客户表示现在已经看懂，没有其他疑问，愿意再次接听回访电话。",
        "done": "当面讲解合同并补送资料，客户重新签字确认。",
        "attachment_note": "补签字影像一份",
    }
    return ReplyContent(**facts | changes)


@dataclass
class HeardSignals:
    """What was signalled, in order."""

    topics: list[str] = field(default_factory=list)

    async def notify(self, *topics: str) -> None:
        self.topics.extend(topics)

    async def wait(self, topic: str, timeout_seconds: float) -> bool:
        return topic in self.topics and timeout_seconds >= 0


@dataclass
class Site:
    """The database, the rules, the time, and verbs for what happens."""

    storage: Database
    scripts: Scripts
    rulebook: Rulebook
    now: datetime = field(default_factory=lambda: at(9, 30))
    signals: HeardSignals = field(default_factory=HeardSignals)
    talk_seconds: float = 120.0

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)

    async def seat_is_ready(self, seat_id: SeatId = SEAT, login: str = "agent1") -> Seat:
        async with self.storage.begin() as work:
            seat = await work.floor.put_seat(a_seat(id=seat_id, login=login, leg_up=True))
            for event in (SeatEvent.SIT_DOWN, SeatEvent.LEG_UP, SeatEvent.READY):
                seat = await work.floor.move_seat(seat, event, moved(when=self.now))
            return seat

    async def seat(self) -> Seat:
        async with self.storage.read() as work:
            seat = await work.floor.seat(SEAT)
        assert seat is not None
        return seat

    async def a_case_is_due(
        self,
        policy: Policy | None = None,
        holder: Policyholder | None = None,
        number: PhoneNumber | None = None,
        **changes: Any,
    ) -> RevisitCase:
        policy = policy or a_policy(product_code="DEMO-PAR")
        async with self.storage.begin() as work:
            holder_id = await work.policies.put(policy, holder or a_holder(), "digest", self.now)
            await work.policies.put_phone(
                holder_id, number or a_number(), PhoneKind.MOBILE, PhoneSource.APPLICATION, self.now
            )
            free_look = policy.free_look(self.rulebook.calendar)
            case = a_case(
                policy_no=policy.policy_no,
                holder_id=holder_id,
                state=CaseState.READY,
                next_at=self.now,
                revisit_last_day=free_look.revisit_last_day if free_look else None,
                surrender_last_day=free_look.surrender_last_day if free_look else None,
            )
            (added,) = await work.cases.add_all([(replace(case, **changes), moved(when=self.now))])
            return added

    async def case(self, case: RevisitCase) -> RevisitCase:
        async with self.storage.read() as work:
            return await work.cases.get(case.id)

    async def dial(self) -> DialOrder | None:
        seat = await self.seat()
        order = await place_next_call(self.storage, self.scripts, self.rulebook, seat, "engine-1", self.now)
        assert not isinstance(order, Previewed), "this site dials at once"
        return order

    async def offered(self, seat_id: SeatId = SEAT) -> DialOrder | Previewed | None:
        """What a ready seat is given: a call, or a case to read first."""
        async with self.storage.read() as work:
            seat = await work.floor.seat(seat_id)
        assert seat is not None
        return await place_next_call(self.storage, self.scripts, self.rulebook, seat, "engine-1", self.now)

    async def dial_key(self, seat_id: SeatId = SEAT, shown_since: datetime | None = None) -> DialOrder | None:
        """The agent's key at a case that was read, as the engine carries it out."""
        async with self.storage.read() as work:
            seat = await work.floor.seat(seat_id)
        assert seat is not None
        since = shown_since or seat.since
        return await place_previewed_call(
            self.storage, self.scripts, self.rulebook, seat_id, "engine-1", self.now, shown_since=since
        )

    async def dialled(self) -> CallId:
        order = await self.dial()
        assert order is not None, "nothing was due"
        return order.call_id

    async def wait_for_call(self, case: RevisitCase) -> CallId | None:
        """Let time pass until a call is placed; None when the case leaves the pool instead."""
        for _ in range(40):
            order = await self.dial()
            if order is not None:
                return order.call_id
            case = await self.case(case)
            if case.state not in POOL:
                return None
            assert case.next_at is not None
            assert case.next_at > self.now, f"due but not dialled: {case.next_why}"
            self.now = case.next_at.astimezone(SHANGHAI)
        raise AssertionError(f"never dialled: {case.state} {case.next_at} {case.next_why}")

    async def hear(self, event: CallEvent) -> Followed:
        return await follow_call(self.storage, self.scripts, self.rulebook, event, self.now)

    async def connected(self) -> CallId:
        return await self.answered(await self.dialled())

    async def connected_when_due(self, case: RevisitCase) -> CallId:
        call_id = await self.wait_for_call(case)
        assert call_id is not None, f"{(await self.case(case)).state} is not dialled"
        return await self.answered(call_id)

    async def answered(self, call_id: CallId) -> CallId:
        await self.hear(Ringing(call_id, self.now))
        self.later(seconds=5)
        await self.hear(Answered(call_id, self.now))
        await self.hear(RecordingStarted(call_id, self.now, sound_files(call_id)))
        await self.hear(Connected(call_id, self.now))
        return call_id

    async def unanswered(self, sip_code: int = 486, **how: Any) -> CallId:
        call_id = await self.dialled()
        await self.hear(Ended(call_id, self.now, Party.NETWORK, sip_code=sip_code, **how))
        return call_id

    async def rings_out_when_due(self, case: RevisitCase) -> CallId | None:
        """The case's next call rings and nobody answers; None when it left the pool instead."""
        call_id = await self.wait_for_call(case)
        if call_id is not None:
            await self.rings_out(call_id)
        return call_id

    async def rings_out(self, call_id: CallId) -> None:
        await self.hear(Ringing(call_id, self.now))
        self.later(seconds=45)
        await self.hear(Ended(call_id, self.now, Party.DIALER, sip_code=487, ring_timeout=True))

    async def found_vacant(self, call_id: CallId) -> None:
        await self.hear(EarlyMedia(call_id, self.now))
        self.later(seconds=8)
        await self.hear(Ended(call_id, self.now, Party.NETWORK, sip_code=404))

    async def conversation(self, call_id: CallId) -> Conversation:
        async with self.storage.read() as work:
            return held(await conversations(work, self.scripts, call_id))

    async def answer(self, call_id: CallId, option: str, **captures: str) -> Conversation:
        self.later(seconds=6)
        async with self.storage.begin() as work:
            talks = await conversations(work, self.scripts, call_id)
            node = held(talks).interview.node
            if held(talks).script.node(node).compare is Comparison.ID_TAIL and option == SAME:
                captures = {Comparison.ID_TAIL: await self.id_tail(held(talks))} | captures
            return held(await choose_answer(work, talks, node, option, captures, self.now))

    async def id_tail(self, current: Conversation) -> str:
        case = await self.case_of(current)
        async with self.storage.read() as work:
            return (await work.policies.get(case.policy_no)).holder.id_no[-4:]

    async def case_of(self, current: Conversation) -> RevisitCase:
        async with self.storage.read() as work:
            return await work.cases.get(current.attempt.case_id)

    async def report(self, call_id: CallId, event: str) -> Conversation:
        self.later(seconds=3)
        async with self.storage.begin() as work:
            talks = await conversations(work, self.scripts, call_id)
            return held(await report_event(work, talks, held(talks).interview.node, event, self.now))

    async def take_back(self, call_id: CallId) -> Conversation:
        self.later(seconds=2)
        async with self.storage.begin() as work:
            talks = await conversations(work, self.scripts, call_id)
            return held(await take_back_answer(work, talks, held(talks).interview.node, self.now))

    async def answer_everything(self, call_id: CallId, **instead: str) -> Conversation:
        """The first option at every node, or the one named for a node."""
        current = await self.conversation(call_id)
        while not current.interview.is_over:
            node = current.script.node(current.interview.node)
            current = await self.answer(call_id, instead.get(node.id, node.options[0].code))
        return current

    async def answer_this_policy(self, call_id: CallId, **instead: str) -> Conversation:
        """As `answer_everything`, but only until the holder's next policy comes up."""
        first = current = await self.conversation(call_id)
        while not current.interview.is_over and current.attempt.id == first.attempt.id:
            node = current.script.node(current.interview.node)
            current = await self.answer(call_id, instead.get(node.id, node.options[0].code))
        return current

    async def answer_until(self, call_id: CallId, node_id: str) -> Conversation:
        current = await self.conversation(call_id)
        while current.interview.node != node_id:
            node = current.script.node(current.interview.node)
            current = await self.answer(call_id, node.options[0].code)
        return current

    async def talked(self, case: RevisitCase, **instead: str) -> CallId:
        """A whole conversation, wrapped up; its recording is not sealed yet."""
        call_id = await self.connected_when_due(case)
        await self.answer_everything(call_id, **instead)
        await self.over(call_id)
        return call_id

    async def says_misled(self, call_id: CallId, words: str) -> None:
        """A whole talk, in which the customer says while asked of the cover that they were misled."""
        await self.answer_until(call_id, "M090_LIABILITY")
        await self.report(call_id, "MISLED")
        await self.answer(call_id, "CONTINUE", misled_statement=words)
        await self.answer_everything(call_id)
        await self.over(call_id)

    async def over(self, call_id: CallId, by: Party = Party.AGENT, **how: Any) -> None:
        """Both say goodbye, long enough for a proof; the agent wraps up."""
        self.later(seconds=60)
        await self.hung_up(call_id, by)
        await self.wrapped_up(**how)

    async def hung_up(self, call_id: CallId, by: Party = Party.AGENT) -> None:
        await self.hear(Ended(call_id, self.now, by))

    async def wrapped_up(self, **how: Any) -> None:
        self.later(seconds=10)
        seat = await self.seat()
        await wrap_up(self.storage, self.signals, self.scripts, self.rulebook, seat.login, self.now, **how)

    async def sealed(self, fault: DialerError | None = None, of_call: CallId | None = None) -> None:
        """All sound that waits is sealed, or meets a fault of the store; that of one call, if one is given."""

        async def seal(call_id, started_at, raw, talk_seconds, key) -> Seal:
            if fault is not None and of_call in (None, call_id):
                raise fault
            seconds = self.talk_seconds if talk_seconds is None else talk_seconds
            return a_seal(call_id, key=key, kind=raw.kind, talk_seconds=talk_seconds, duration_ms=round(seconds * 1000))

        while await seal_next(self.storage, seal, lambda _files: None, self.rulebook, lambda: self.now):
            pass

    async def extraction(self, *, only_urgent: bool = False) -> int:
        return await issue_tickets(self.storage, self.rulebook, self.now, only_urgent=only_urgent)

    async def tickets(self, case: RevisitCase) -> Sequence[TransferTicket]:
        async with self.storage.read() as work:
            return await work.tickets.of_case(case.id)

    async def reply(self, ticket: TransferTicket, **changes: Any) -> Sequence[Objection]:
        content = a_reply(self.now, **changes)
        return await reply_to_ticket(self.storage, self.signals, self.rulebook, ticket.id, "l3", self.now, content)

    async def sent_down_and_answered(self, case: RevisitCase, **changes: Any) -> TransferTicket:
        """The 16:00 extraction and the next day's answer."""
        self.now = self.now.replace(hour=16, minute=0, second=0) + timedelta(days=self.now.hour >= 16)
        await self.extraction()
        ticket = (await self.tickets(case))[-1]
        self.later(hours=18)
        assert not await self.reply(ticket, **changes)
        return (await self.tickets(case))[-1]

    async def problems(self, case: RevisitCase) -> list[tuple[int, ProblemType]]:
        async with self.storage.read() as work:
            return [(found.round, found.problem.type) for found in await work.interviews.problems(case.id)]

    async def referrals(self, case: RevisitCase) -> list[str]:
        async with self.storage.read() as work:
            return [kind for kind, _ in await work.interviews.referrals(case.id)]

    async def phones(self, case: RevisitCase) -> Sequence[HolderPhone]:
        async with self.storage.read() as work:
            return await work.policies.phones(case.holder_id)

    async def outcomes(self, case: RevisitCase) -> list[Outcome | None]:
        async with self.storage.read() as work:
            return [attempt.outcome for attempt in await work.calls.attempts(case.id)]


@dataclass(frozen=True)
class SiteClock:
    """Shows the site's time."""

    site: Site

    def now(self) -> datetime:
        return self.site.now

    def move_to(self, instant: datetime) -> None:
        self.site.now = instant
