"""At the side: what an agent's desk shows at one moment, and a version that says whether that has changed.

A key press reads the call once (`press_key`); the screen after it is drawn from what the press left (`show_desk`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from dialer.domain import interview as talk
from dialer.domain.attempt import Attempt
from dialer.domain.call import Phase, SeatId
from dialer.domain.case import CaseId, RevisitCase
from dialer.domain.days_offered import DayOffered
from dialer.domain.errors import ImpossibleMove, StaleVersion
from dialer.domain.interview import Fact, Screen, Verdict
from dialer.domain.outcome import Outcome
from dialer.domain.preview import PreviewReason
from dialer.domain.reply import ReplyContent
from dialer.domain.script.model import Phase as ScriptPhase
from dialer.domain.seat import Seat, SeatState
from dialer.domain.user import User
from dialer.ports import Scripts, topics
from dialer.ports.storage import FoundProblem, Storage, StoredCall, StoredPolicy, Work
from dialer.usecases.conduct_interview import Conversation, Talks, conversations, held
from dialer.usecases.offer_appointment import days_to_offer
from dialer.usecases.preview_case import why_shown_first
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.staff_the_floor import wishes

_ON_A_CALL = frozenset({SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP})


NOTE = "note"
"""The name of the agent's note among the words of a call."""

TIMES = ("appointment_at", "asked_at")
"""The names of the time at which to call again, chosen and not confirmed yet: one that is offered, or another."""


def field_of(node: str, option: str, capture: str) -> str:
    """The name of a captured field among the words of a call."""
    return f"{node}-{option}-{capture}"


class DeskAction(StrEnum):
    """What an agent may do at the desk."""

    SIT_DOWN = "sit-down"
    READY = "ready"
    PAUSE = "pause"
    STAND_UP = "stand-up"
    HANG_UP = "hang-up"
    DIAL = "dial"
    GIVE_BACK = "give-back"
    ANSWER = "answer"
    EVENT = "event"
    MARK = "mark"
    TAKE_BACK = "take-back"
    WRAP_UP = "wrap-up"


_IN_STATE = {
    SeatState.PREVIEW: frozenset({DeskAction.DIAL, DeskAction.GIVE_BACK}),
    SeatState.WRAP_UP: frozenset({DeskAction.WRAP_UP}),
}
_IN_A_TALK = frozenset({DeskAction.ANSWER, DeskAction.EVENT, DeskAction.MARK})


@dataclass(frozen=True, slots=True)
class EarlierCall:
    """A call of this case that is over: when, who held it, what came of it."""

    attempt: Attempt
    agent: str


@dataclass(frozen=True, slots=True)
class CaseAtDesk:
    """What is known of one policy of a call, beside its interview."""

    policy: StoredPolicy
    case: RevisitCase
    earlier: tuple[EarlierCall, ...]
    reply: ReplyContent | None = None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known around a call, policy by policy as they are asked about."""

    phone_masked: str = ""
    cases: tuple[CaseAtDesk, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyInCall:
    """One policy of a call: its facts for the screen-pop, and its verdict by rule as it stands."""

    policy: StoredPolicy
    case: RevisitCase
    verdict: Verdict
    over: bool
    earlier: tuple[EarlierCall, ...]
    reply: ReplyContent | None = None


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """What a key press needs of a desk, read once: the seat, its call, the interviews."""

    seat: Seat | None
    call: StoredCall | None = None
    talks: Talks = field(default=(), repr=False)

    @property
    def version(self) -> str:
        """Changes whenever anything on the desk does."""
        phase = self.call.call.phase if self.call else None
        return _version(self.seat, phase, sum(each.stored.version for each in self.talks))


@dataclass(frozen=True, slots=True)
class Preview:
    """A difficult case, read before it is dialled: why, what happened before, how long it waits for its agent.

    Not what a ticket's answer says: the customer is asked first whether anybody came (scripts/shared/redial.yaml).
    """

    why: PreviewReason | None
    policy: StoredPolicy
    case: RevisitCase
    phones_masked: tuple[str, ...]
    earlier: tuple[EarlierCall, ...]
    problems: tuple[FoundProblem, ...]
    seconds_left: int


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is due to be called now; `until` is when the next will be, None when nobody waits at all."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Desk:
    """An agent's desk at one moment. `version` changes whenever anything on it does.

    `shows` is what the question needs of the policy (rules §7.6); `days` are the times at which the customer may be
    called again, while that is being talked about; `words` is what was typed and not sent, field by field.
    """

    user: User
    seat: Seat | None
    version: str
    now: datetime
    call: StoredCall | None = None
    phone_masked: str = ""
    screen: Screen | None = None
    current: PolicyInCall | None = None
    policies: tuple[PolicyInCall, ...] = ()
    shows: frozenset[Fact] = frozenset()
    preview: Preview | None = None
    idle: Idle | None = None
    days: tuple[DayOffered, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def actions(self) -> frozenset[DeskAction]:
        """What can be done now, so that no screen offers what the rules refuse."""
        state = self.seat.state if self.seat else SeatState.AWAY
        in_talk = self._in_talk(self.screen) if state is SeatState.TALKING and self.screen else frozenset()
        return _IN_STATE.get(state, frozenset()) | in_talk | {DeskAction[wish.name] for wish in wishes(self.seat)}

    @staticmethod
    def _in_talk(screen: Screen) -> frozenset[DeskAction]:
        asked = _IN_A_TALK if screen.outcome is None else frozenset()
        return asked | {DeskAction.TAKE_BACK} if screen.takes_back else asked

    def written(self, option: str, capture: str) -> str:
        """What was typed into a field of the question on screen."""
        return self.words.get(field_of(self.screen.node, option, capture), "") if self.screen else ""

    @property
    def note(self) -> str:
        """The note as it was typed; before that, what the customer was still saying when the line went."""
        said = [text for name, text in self.words.items() if name not in TIMES and text]
        return self.words.get(NOTE, "；".join(said))

    @property
    def chosen_time(self) -> str:
        """The time at which to call again, as it was chosen and not confirmed; empty when none was."""
        return next(filter(None, (self.words.get(name) for name in TIMES)), "")

    @property
    def chosen_day(self) -> DayOffered | None:
        """The day of the chosen time; None for a time that is not offered, and when none was chosen."""
        return next((day for day in self.days if self.chosen_time in map(datetime.isoformat, day.times)), None)

    @property
    def takes_words(self) -> bool:
        """Whether something may be written, or a time be chosen, on this screen."""
        wrapping_up = self.seat is not None and self.seat.state is SeatState.WRAP_UP
        asks_for_words = self.screen is not None and any(each.captures for each in self.screen.choices)
        return wrapping_up or self.needs_appointment or asks_for_words

    @property
    def needs_appointment(self) -> bool:
        """Whether the call ends with a time at which to call again."""
        return any(each.over and each.verdict.outcome is Outcome.RESCHEDULE for each in self.policies)

    @property
    def offers_days(self) -> bool:
        """Whether the times that may be promised are on the screen."""
        return self.needs_appointment or (self.screen is not None and self.screen.phase is ScriptPhase.RESCHEDULE)

    @property
    def elapsed_seconds(self) -> int:
        """How long the customer has been on the line, or the seat in its state."""
        if self.seat is None:
            return 0
        since = self.seat.since
        if self.seat.state is SeatState.TALKING and self.call is not None:
            since = self.call.call.answered_at or since
        return max(0, int((self.now - since).total_seconds()))


async def look_at_desk(
    storage: Storage, scripts: Scripts, rulebook: Rulebook, user: User, now: datetime, opened: OpenDesk | None = None
) -> tuple[Desk, CallFacts]:
    """The desk, and what is known around its call; `opened` when a key press has opened it already."""
    async with storage.read() as work:
        opened = opened or await open_desk(work, scripts, user)
        known = await known_of_call(work, opened)
        return await show_desk(work, rulebook, opened, known, user, now), known


async def open_desk(work: Work, scripts: Scripts, user: User) -> OpenDesk:
    """The agent's seat, and the call on it with its interviews."""
    seat = await work.floor.seat_of(user.login)
    if seat is None or seat.call_id is None or seat.state not in _ON_A_CALL:
        return OpenDesk(seat)
    return OpenDesk(seat, await work.calls.get(seat.call_id), await conversations(work, scripts, seat.call_id))


async def known_of_call(work: Work, desk: OpenDesk) -> CallFacts:
    """What is known around a call; it was settled when the call came up, and stays while it lasts."""
    if desk.call is None:
        return CallFacts()
    cases = tuple([await _case_at_desk(work, each.attempt) for each in desk.talks])
    return CallFacts(await _phone_masked(work, desk.call, cases[0].case), cases)


async def show_desk(
    work: Work, rulebook: Rulebook, desk: OpenDesk, known: CallFacts, user: User, now: datetime
) -> Desk:
    """A desk that was opened, with everything around the interview."""
    shown = draw_desk(desk, known, user, now)
    if desk.seat is not None and desk.seat.preview_case is not None:
        return replace(shown, preview=await _preview(work, rulebook, desk.seat, desk.seat.preview_case, now))
    if desk.seat is not None and desk.seat.state is SeatState.READY:
        return replace(shown, idle=await _idle(work, now))
    if desk.call is not None and shown.takes_words:
        kept = await work.drafts.of(desk.call.call.call_id, user.login)
        shown = replace(shown, words=kept.fields if kept else {})
    if shown.screen is None or desk.call is None or not shown.offers_days:
        return shown
    put_off = [each.case for each in shown.policies if each.verdict.outcome is Outcome.RESCHEDULE]
    cases = put_off or [shown.policies[0].case]
    return replace(shown, days=await days_to_offer(work, rulebook, cases, desk.call, now))


async def _idle(work: Work, now: datetime) -> Idle | None:
    due = await work.cases.next_due()
    return Idle(due) if due is None or due > now else None


async def _preview(work: Work, rulebook: Rulebook, seat: Seat, case_id: CaseId, now: datetime) -> Preview:
    case = await work.cases.get(case_id)
    policy = await work.policies.get(case.policy_no)
    waited = (now - seat.since).total_seconds()
    return Preview(
        await why_shown_first(work, case, policy.holder, rulebook, now),
        policy,
        case,
        tuple(phone.number.masked for phone in await work.policies.phones(case.holder_id)),
        tuple(EarlierCall(*each) for each in await work.calls.attempts_with_agents(case.id)),
        tuple(await work.interviews.problems(case.id)),
        max(0, round(rulebook.preview.seconds - waited)),
    )


def draw_desk(desk: OpenDesk, known: CallFacts, user: User, now: datetime) -> Desk:
    """All of the desk but the times that may be promised; asks nobody."""
    if desk.call is None:
        return Desk(user, desk.seat, desk.version, now)
    current = held(desk.talks)
    screen = talk.screen(current.script, current.facts, current.interview)
    policies = tuple(map(_policy_in_call, desk.talks, known.cases))
    return Desk(
        user,
        desk.seat,
        desk.version,
        now,
        call=desk.call,
        phone_masked=known.phone_masked,
        screen=screen,
        current=policies[desk.talks.index(current)],
        policies=policies,
        shows=talk.facts_needed(current.interview, current.script.node(current.interview.node)),
    )


Move = Callable[[Work, Talks], Awaitable[Talks]]
"""A step of the interview: what stands after it."""


async def press_key(storage: Storage, scripts: Scripts, user: User, seen: str, move: Move) -> OpenDesk:
    """Do what a key says on the call that is being held; the desk as it stands then.

    Args:
        storage: the database.
        scripts: the published scripts.
        user: the agent.
        seen: the version of the screen the key was pressed on; empty when it does not matter.
        move: the step.

    Raises:
        ImpossibleMove: nobody is on the line.
        StaleVersion: the screen is gone (a key pressed twice, or in a second tab), even if the next asks the same.
    """
    async with storage.begin() as work:
        desk = await open_desk(work, scripts, user)
        if desk.seat is None or desk.seat.state is not SeatState.TALKING:
            raise ImpossibleMove(f"{user.login} has nobody on the line")
        if seen and seen != desk.version:
            raise StaleVersion(f"the screen showed version {seen}, the desk is at {desk.version}")
        return replace(desk, talks=await move(work, desk.talks))


async def is_on_screen(storage: Storage, user: User, version: str) -> bool:
    """Whether a screen of this version shows the desk as it stands."""
    async with storage.read() as work:
        return version == (await look_from_afar(work, user))[0]


async def look_from_afar(work: Work, user: User) -> tuple[str, str]:
    """The desk's version, and the topic of its news."""
    at_desk = await work.floor.desk_of(user.login)
    if at_desk is None:
        return _version(None, None, 0), topics.desk(SeatId(user.login))
    return _version(at_desk.seat, at_desk.phase, at_desk.steps), topics.desk(at_desk.seat.id)


def _version(seat: Seat | None, phase: Phase | None, steps: int) -> str:
    """Of what the desk shows of a seat, and no more: a row saved for other reasons must not disturb who is typing."""
    if seat is None:
        return "0"
    shown = (seat.state, seat.since.isoformat(), seat.why, seat.pause_after_call, seat.leg_up)
    version = hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
    if seat.call_id is None or seat.state not in _ON_A_CALL:
        return version
    return f"{version}-{seat.call_id[-8:]}-{phase}-{steps}"


async def _case_at_desk(work: Work, attempt: Attempt) -> CaseAtDesk:
    case = await work.cases.get(attempt.case_id)
    past = [EarlierCall(*each) for each in await work.calls.attempts_with_agents(case.id)]
    earlier = tuple(each for each in past if each.attempt.id != attempt.id)
    return CaseAtDesk(await work.policies.get(case.policy_no), case, earlier, await _accepted_reply(work, case))


async def _accepted_reply(work: Work, case: RevisitCase) -> ReplyContent | None:
    """The answer to the last round's ticket: a redial compares the customer's account with it (rules §5.5)."""
    tickets = await work.tickets.of_case(case.id) if case.round else ()
    replies = await work.tickets.replies(tickets[-1].id) if tickets else ()
    accepted = [each for each in replies if each.accepted and not each.statement]
    return ReplyContent.from_mapping(accepted[-1].content) if accepted else None


def _policy_in_call(each: Conversation, known: CaseAtDesk) -> PolicyInCall:
    verdict = talk.verdict(each.script, each.facts, each.interview)
    return PolicyInCall(known.policy, known.case, verdict, each.interview.is_over, known.earlier, known.reply)


async def _phone_masked(work: Work, call: StoredCall, case: RevisitCase) -> str:
    phones = await work.policies.phones(case.holder_id)
    return next((phone.number.masked for phone in phones if phone.id == call.phone_id), "")
