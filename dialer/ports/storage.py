"""Storage as the use cases see it: units of work over a few shelves, one a noun.

A shelf gives domain records out and takes them back. Every save names the version that was read: the loser of a
race gets StaleVersion, nothing is overwritten. A state's move and its history row are one save.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from dialer.domain.api_token import ApiToken
from dialer.domain.attachment import Attachment
from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.audit import AuditEntry, AuditQuestion
from dialer.domain.call import Call, CallId, Phase, SeatId, SoundFiles
from dialer.domain.case import CaseEvent, CaseId, CaseState, RevisitCase
from dialer.domain.errors import DialerError
from dialer.domain.holder import Policyholder
from dialer.domain.listening import Listening
from dialer.domain.number import PastCall
from dialer.domain.outcome import Outcome
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource, PhoneStatus
from dialer.domain.policy import Policy
from dialer.domain.problem import Problem
from dialer.domain.recording import RecordingState, Seal
from dialer.domain.seat import Seat, SeatEvent
from dialer.domain.second_factor import SecondFactor
from dialer.domain.steering import Course
from dialer.domain.ticket import TicketEvent, TicketId, TicketState, TransferTicket
from dialer.domain.user import AccountEvent, Failures, Role, User
from dialer.domain.waveform import Waveform
from dialer.ports.figures import Figures
from dialer.ports.search import Search
from dialer.ports.steering import Steerings
from dialer.ports.webhooks import Webhooks

if TYPE_CHECKING:
    from dialer.ports.administration import Decisions


class StorageUnavailable(DialerError):
    """The database can't be reached or stays locked; what was being done is not done."""

    code = "STORAGE_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Moved:
    """Who moved a record, when, and what should be remembered of it. `actor` is a login or `system:<part>`."""

    actor: str
    at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One move as it was stored."""

    record: str
    record_id: str
    at: datetime
    actor: str
    event: str
    from_state: str
    to_state: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HolderPhone:
    """A holder's number, and what calling it has shown (rules §5.1)."""

    id: int
    holder_id: int
    number: PhoneNumber
    number_hash: str
    kind: PhoneKind
    source: PhoneSource
    status: PhoneStatus
    status_since: datetime
    proven: bool = False
    verified_by: str = ""
    staff_number: bool = False


@dataclass(frozen=True, slots=True)
class NumberOfHolder:
    """A number to be added to a holder."""

    holder_id: int
    number: PhoneNumber
    kind: PhoneKind


@dataclass(frozen=True, slots=True)
class PolicyContent:
    """What an extract says of a policy; the digest tells one content from another."""

    policy: Policy
    holder: Policyholder
    digest: str


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy with its holder, as it was last imported."""

    id: int
    policy: Policy
    holder: Policyholder
    digest: str
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call with what the wire does not know of it."""

    call: Call
    phone_id: int
    number_hash: str
    agent: str
    owner: str
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class StoredInterview:
    """An interview as it stands: `state` is the interview's JSON, `facts` what its script was filled with."""

    attempt_id: AttemptId
    case_id: CaseId
    script_id: str
    script_version: str
    script_sha256: str
    state: Mapping[str, Any]
    facts: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One answer with its place in the recording."""

    attempt_id: AttemptId
    item: str
    value: str
    node: str
    option: str
    offset_ms: int


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """A problem heard in a call or shown by the number, not yet or already on a ticket."""

    problem: Problem
    found_at: datetime
    round: int
    attempt_id: AttemptId | None = None
    words: str = ""
    offset_ms: int | None = None
    ticket_id: TicketId | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording from the first sample to the seal. While it is not SEALED it is also the work still to do."""

    id: int
    call_id: CallId
    files: SoundFiles
    started_at: datetime
    state: RecordingState
    talk_ms: int | None = None
    seal: Seal | None = None
    tries: int = 0
    next_try_at: datetime | None = None
    error: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a recording that belongs to one attempt; `end_ms` None means to the end."""

    recording_id: int
    attempt_id: AttemptId
    start_ms: int
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TicketReply:
    """What came back from below; personal, so sealed at rest."""

    ticket_id: TicketId
    at: datetime
    by: str
    content: Mapping[str, Any]
    accepted: bool
    objections: Sequence[str] = ()
    statement: bool = False
    """A salesperson's statement on a first-level item: it stands beside the answer and is none (rules §12 C-03)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody has typed and not sent, for a ticket or in a call: its fields as they stand. Sealed at rest."""

    about: TicketId | CallId
    login: str
    fields: Mapping[str, str] = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class DeskProgress:
    """A seat, and of its call what changes on a desk: its phase, and how many steps its interviews have made."""

    seat: Seat
    phase: Phase | None
    steps: int


class DeskOrderKind(StrEnum):
    """What a desk may want of the engine."""

    SIT_DOWN = "SIT_DOWN"
    CALL_AGAIN = "CALL_AGAIN"
    STAND_UP = "STAND_UP"
    HANG_UP = "HANG_UP"
    DIAL = "DIAL"
    LISTEN = "LISTEN"
    STOP_LISTENING = "STOP_LISTENING"


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """A wish of a desk, carried to the engine through the database."""

    id: int
    kind: DeskOrderKind
    seat: SeatId
    asked_by: str
    asked_at: datetime
    call_id: CallId | None = None
    detail: Mapping[str, Any] | None = None


class Policies(Protocol):
    """Policies, their holders and the holders' numbers."""

    async def get(self, policy_no: str) -> StoredPolicy:
        """Raises NotFound."""
        ...

    async def some(self, policy_nos: Sequence[str]) -> Mapping[str, StoredPolicy]:
        """Those of many that are stored, in one statement for a page of them."""
        ...

    async def digests(self, policy_nos: Sequence[str]) -> Mapping[str, str]:
        """The content digest of those that are stored."""
        ...

    async def put(self, policy: Policy, holder: Policyholder, digest: str, at: datetime) -> int:
        """Add or replace a policy and its holder (the identity document makes the person); the holder's id."""
        ...

    async def put_all(self, contents: Sequence[PolicyContent], at: datetime) -> Sequence[int]:
        """Add or replace many policies, in a few statements; the holders' ids in the same order."""
        ...

    async def cancel(self, policy_no: str, at: datetime) -> None:
        """Note that the contract is cancelled or surrendered."""
        ...

    async def phone(self, phone_id: int) -> HolderPhone:
        """One number, whoever has it. Raises NotFound."""
        ...

    async def phones(self, holder_id: int) -> Sequence[HolderPhone]:
        """In dialling order: mobile, home, office; as added within a kind (rules §10.3 rule 3)."""
        ...

    async def put_phone(
        self, holder_id: int, number: PhoneNumber, kind: PhoneKind, source: PhoneSource, at: datetime
    ) -> HolderPhone:
        """Add a number to a holder, or give back the one that is there, unchanged."""
        ...

    async def put_phones(self, numbers: Sequence[NumberOfHolder], source: PhoneSource, at: datetime) -> None:
        """Add many numbers, in a few statements; those that are there stay unchanged."""
        ...

    async def save_phone(self, phone: HolderPhone) -> None:
        """Store status, proof and marks of a number."""
        ...

    async def sharing(self, numbers: Sequence[PhoneNumber]) -> Mapping[PhoneNumber, frozenset[int]]:
        """The holders who have these numbers."""
        ...

    async def staff_among(self, numbers: Sequence[PhoneNumber]) -> frozenset[PhoneNumber]:
        """Those of the numbers that are known as salespeople's."""
        ...

    async def mark_staff_numbers(self, numbers: Sequence[PhoneNumber]) -> int:
        """Remember salespeople's numbers, and mark those that stand as a customer's (rules §11 no. 10); how many."""
        ...


class Cases(Protocol):
    """Revisit cases."""

    async def get(self, case_id: CaseId) -> RevisitCase:
        """Raises NotFound."""
        ...

    async def of_policy(self, policy_no: str) -> RevisitCase | None:
        """The policy's case."""
        ...

    async def of_holder(self, holder_id: int) -> Sequence[RevisitCase]:
        """All cases of one holder."""
        ...

    async def add(self, case: RevisitCase, moved: Moved) -> RevisitCase:
        """Store a new case (its `id` is given here) with its first history row (event CREATED)."""
        ...

    async def add_all(self, added: Sequence[tuple[RevisitCase, Moved]]) -> Sequence[RevisitCase]:
        """Store many new cases, in a few statements; in the same order."""
        ...

    async def move(self, case: RevisitCase, event: CaseEvent, moved: Moved) -> RevisitCase:
        """Apply an event (`case.moved(event)`), save everything else that changed, and write the history row."""
        ...

    async def save(self, case: RevisitCase) -> RevisitCase:
        """Save what is not a move: when it is next due, rank, flags."""
        ...

    async def due(self, now: datetime, limit: int, course: Course | None = None) -> Sequence[RevisitCase]:
        """Cases in the pool whose time has come, the most urgent first: rank, last day, then age (rules §9.1).

        Without those for which a supervisor's decision waits, and with those first that a decision lifts.
        """
        ...

    async def in_state(self, *states: CaseState, org: str = "", limit: int | None = None) -> Sequence[RevisitCase]:
        """Cases in these states under an organisation, oldest first; all unless a limit is set."""
        ...

    async def over(self, first: date, last: date) -> Sequence[RevisitCase]:
        """Cases not closed whose last day to surrender was counted over some of these days, oldest first."""
        ...

    async def waiting_for_nothing(self, limit: int) -> Sequence[RevisitCase]:
        """Cases that wait for a recording or an answer though all has come, oldest first.

        Two units of work that run side by side each see the other's record as it was, and both leave the case alone.
        """
        ...

    async def next_due(self) -> datetime | None:
        """The earliest instant at which a case of the pool is due."""
        ...

    async def counts(self, org: str = "") -> Mapping[CaseState, int]:
        """How many cases under an organisation stand where."""
        ...

    async def history(self, case_id: CaseId) -> Sequence[HistoryRow]:
        """Every move of a case, first to last."""
        ...


class Calls(Protocol):
    """Calls and the attempts they serve."""

    async def intend(self, stored: StoredCall, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Store the intention to dial, before the command: the call, and an attempt (id given here) for each case.

        Raises StaleVersion when one of the cases has an unfinished attempt: nobody is called twice.
        """
        ...

    async def get(self, call_id: CallId) -> StoredCall:
        """Raises NotFound."""
        ...

    async def save(self, call: Call, outcome: Outcome | None = None) -> None:
        """Store how far a call has come, and its outcome once known."""
        ...

    async def open_calls(self, owner: str) -> Sequence[StoredCall]:
        """Calls of one engine without an end."""
        ...

    async def give(self, seat: SeatId, owner: str, heir: str) -> None:
        """The calls of one engine without an end, at one seat, are another's from now on."""
        ...

    async def to_number(self, number_hash: str, since: datetime) -> Sequence[PastCall]:
        """Calls to a number since an instant, oldest first, those under way included; `number_id` is the phone's id."""
        ...

    async def of_round(self, case_id: CaseId, round_no: int) -> Sequence[PastCall]:
        """The calls of one round of a case, oldest first, each with its *attempt's* outcome."""
        ...

    async def attempts_of(self, call_id: CallId) -> Sequence[Attempt]:
        """The attempts one call serves, in the order they were given."""
        ...

    async def attempts(self, case_id: CaseId) -> Sequence[Attempt]:
        """All attempts of a case, oldest first."""
        ...

    async def attempts_with_agents(self, case_id: CaseId) -> Sequence[tuple[Attempt, str]]:
        """All attempts of a case, oldest first, each with the name of the agent at whose desk it was."""
        ...

    async def attempt(self, attempt_id: AttemptId) -> Attempt:
        """Raises NotFound."""
        ...

    async def finish(self, attempt: Attempt) -> None:
        """Store an attempt's outcome, once. Raises StaleVersion when it already has one."""
        ...


class Interviews(Protocol):
    """Interviews, answers and what they found."""

    async def begin(self, interview: StoredInterview) -> None:
        """Store a new interview."""
        ...

    async def get(self, attempt_id: AttemptId) -> StoredInterview | None:
        """The interview of an attempt."""
        ...

    async def of_call(self, call_id: CallId) -> Sequence[StoredInterview]:
        """The interviews of a call, in the order they are held."""
        ...

    async def save(self, interview: StoredInterview) -> StoredInterview:
        """Store the next state. Raises StaleVersion when another desk stepped first."""
        ...

    async def of_case(self, case_id: CaseId) -> Sequence[StoredInterview]:
        """All interviews of a case, oldest first."""
        ...

    async def put_answers(self, case_id: CaseId, answers: Sequence[StoredAnswer]) -> None:
        """Keep an interview's answers for reading and searching."""
        ...

    async def answers(self, case_id: CaseId) -> Sequence[StoredAnswer]:
        """All answers of a case, oldest first."""
        ...

    async def put_problems(self, case_id: CaseId, problems: Sequence[FoundProblem]) -> None:
        """Keep problems; the same type and subtype in the same round stays one (rules, set semantics)."""
        ...

    async def problems(self, case_id: CaseId) -> Sequence[FoundProblem]:
        """All problems of a case, oldest first."""
        ...

    async def put_referral(
        self, case_id: CaseId, attempt_id: AttemptId | None, kind: str, detail: Mapping[str, Any], at: datetime
    ) -> None:
        """Keep what the call asks of other departments (SURRENDER_REFERRAL, CLAIM_LEAD …)."""
        ...

    async def referrals(self, case_id: CaseId) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """What was referred, oldest first."""
        ...


class Recordings(Protocol):
    """Recordings and their segments; those not yet sealed are the pipeline's work list."""

    async def started(self, call_id: CallId, files: SoundFiles, at: datetime) -> Recording:
        """Note that sound is being written; the same files again are the same recording."""
        ...

    async def save(self, recording: Recording) -> Recording:
        """Save against the version that was read. Raises StaleVersion."""
        ...

    async def get(self, recording_id: int) -> Recording:
        """Raises NotFound."""
        ...

    async def of_call(self, call_id: CallId) -> Sequence[Recording]:
        """A call's recordings."""
        ...

    async def of_case(self, case_id: CaseId) -> Sequence[tuple[Recording, Segment]]:
        """A case's recordings with its part of each, oldest first."""
        ...

    async def to_seal(self, now: datetime, limit: int | None = None) -> Sequence[Recording]:
        """Complete recordings (RAW, or FAILED whose next try is due), oldest first; all unless a limit is set."""
        ...

    async def put_segment(self, segment: Segment) -> None:
        """Add a segment, or set the end of the one that is there."""
        ...

    async def segments(self, recording_id: int) -> Sequence[Segment]:
        """A recording's segments by their start."""
        ...

    async def waveform(self, recording_id: int) -> Waveform | None:
        """The picture of a recording, if it was drawn before."""
        ...

    async def put_waveform(self, recording_id: int, waveform: Waveform) -> None:
        """Keep the picture; one that is there stays."""
        ...


class Tickets(Protocol):
    """Transfer tickets."""

    async def add(self, ticket: TransferTicket, moved: Moved) -> TransferTicket:
        """Store a new ticket (id and number `yymmdd-serial` are given here) and tie the round's problems to it."""
        ...

    async def move(self, ticket: TransferTicket, event: TicketEvent, moved: Moved) -> TransferTicket:
        """Apply an event, save what changed, write the history row. Raises StaleVersion, ImpossibleMove."""
        ...

    async def get(self, ticket_id: TicketId) -> TransferTicket:
        """Raises NotFound."""
        ...

    async def find(self, ticket_no: str) -> TransferTicket | None:
        """By the number that stands on the paper."""
        ...

    async def of_case(self, case_id: CaseId) -> Sequence[TransferTicket]:
        """By round."""
        ...

    async def in_state(
        self, *states: TicketState, org: str = "", handed_to: str | None = None, limit: int | None = None
    ) -> Sequence[TransferTicket]:
        """Tickets in these states, in the hands of a part of the organisation or one salesperson; first due first.

        All unless a limit is set.
        """
        ...

    async def issued_between(
        self, start: datetime, end: datetime, org: str = "", handed_to: str | None = None
    ) -> Sequence[TransferTicket]:
        """Tickets issued from one instant to before another, as issued; of a part of the organisation as `in_state`."""
        ...

    async def put_reply(self, reply: TicketReply) -> None:
        """Keep a reply, accepted or not."""
        ...

    async def replies(self, ticket_id: TicketId) -> Sequence[TicketReply]:
        """Oldest first."""
        ...

    async def history(self, ticket_id: TicketId) -> Sequence[HistoryRow]:
        """Every move of a ticket."""
        ...


class Drafts(Protocol):
    """What people have typed and not sent, each their own."""

    async def put(self, draft: Draft) -> None:
        """Keep what a person has typed, in place of what was kept before."""
        ...

    async def of(self, about: TicketId | CallId, login: str) -> Draft | None:
        """What the person typed and did not send."""
        ...

    async def drop(self, about: TicketId | CallId, login: str) -> None:
        """It was sent; one that is not there: nothing."""
        ...


class Papers(Protocol):
    """What lies with a transfer ticket: scans."""

    async def put_attachment(self, attachment: Attachment) -> Attachment:
        """Keep what is known of a stored file; its id is given here. The same content stays one on a ticket."""
        ...

    async def attachments(self, ticket_id: TicketId) -> Sequence[Attachment]:
        """As they were added."""
        ...


class Floor(Protocol):
    """People, their seats, and what desks want of the engine."""

    async def user(self, login: str) -> User | None:
        """By login."""
        ...

    async def add_user(self, user: User) -> User:
        """Store a new user. Raises DialerError LOGIN_TAKEN."""
        ...

    async def save_user(self, user: User) -> None:
        """Store changes of a user."""
        ...

    async def users(self, role: Role | None = None) -> Sequence[User]:
        """All users, by login."""
        ...

    async def note_account(self, login: str, event: AccountEvent, moved: Moved) -> None:
        """Add to the account's history who did what; nobody can take it out again."""
        ...

    async def account_history(self, login: str) -> Sequence[HistoryRow]:
        """What administrators did to an account, first to last."""
        ...

    async def seat(self, seat_id: SeatId) -> Seat | None:
        """A seat."""
        ...

    async def seat_of(self, login: str) -> Seat | None:
        """The seat of an agent."""
        ...

    async def desk_of(self, login: str) -> DeskProgress | None:
        """The agent's seat with how far its call has come, in one look; None for who never sat down."""
        ...

    async def seats(self, owner: str | None = None) -> Sequence[Seat]:
        """All seats, or those one engine serves."""
        ...

    async def put_seat(self, seat: Seat) -> Seat:
        """Add a seat."""
        ...

    async def move_seat(self, seat: Seat, event: SeatEvent, moved: Moved) -> Seat:
        """Apply an event, save what changed, write the history row. Raises StaleVersion, ImpossibleMove."""
        ...

    async def save_seat(self, seat: Seat) -> Seat:
        """Save what is not a move. Raises StaleVersion."""
        ...

    async def order(self, order: DeskOrder) -> DeskOrder:
        """Store a desk's wish; its id is given here."""
        ...

    async def open_orders(self) -> Sequence[DeskOrder]:
        """Wishes not yet carried out, oldest first."""
        ...

    async def order_done(self, order_id: int, at: datetime, refused: str = "") -> None:
        """Note that a wish was carried out, or why not."""
        ...


@dataclass(frozen=True, slots=True)
class LoginSession:
    """An open login, known by its token's fingerprint. `proved_at`: when the second factor was shown in it."""

    token_hash: str
    user: User
    csrf: str
    created_at: datetime
    seen_at: datetime
    address: str = ""
    proved_at: datetime | None = None
    enrolled: bool = False


STRANGERS_KEPT = 10_000
"""Of how many unknown logins the failures are counted."""


class Logins(Protocol):
    """Open sessions and second factors."""

    async def open(self, session: LoginSession) -> None:
        """Store a login. Raises NotFound for an unknown user."""
        ...

    async def find(self, token_hash: str) -> LoginSession | None:
        """A session, with whether its user has a second factor."""
        ...

    async def of(self, login: str) -> Sequence[LoginSession]:
        """Somebody's sessions, oldest first."""
        ...

    async def touch(self, token_hash: str, at: datetime) -> None:
        """Note that a session is being used."""
        ...

    async def close(self, token_hash: str) -> None:
        """Log out."""
        ...

    async def close_all(self, login: str) -> None:
        """Log somebody out wherever they are logged in."""
        ...

    async def factor(self, login: str) -> SecondFactor | None:
        """Somebody's second factor, enrolled or not yet."""
        ...

    async def put_factor(self, login: str, factor: SecondFactor, recovery: Sequence[str]) -> None:
        """Store a second factor in place of the one there was, with the fingerprints of its recovery codes."""
        ...

    async def drop_factor(self, login: str) -> None:
        """Forget it, and its recovery codes."""
        ...

    async def use_step(self, login: str, step: int) -> bool:
        """Accept a code of this half minute, once: False when this or a later one was accepted already."""
        ...

    async def use_recovery(self, login: str, code_hash: str) -> bool:
        """Accept a recovery code, once: False when there is no such code any more."""
        ...

    async def recovery_left(self, login: str) -> int:
        """How many recovery codes are left."""
        ...

    async def failures_of_stranger(self, login: str) -> Failures:
        """Wrong passwords in a row for a login that nobody has."""
        ...

    async def put_failures_of_stranger(self, login: str, failures: Failures, at: datetime) -> None:
        """Keep them, for the `STRANGERS_KEPT` logins that were tried last."""
        ...


class Listenings(Protocol):
    """Supervisors on live calls, and the log of it."""

    async def add(self, listening: Listening) -> Listening:
        """Store that somebody wants to listen; its id is given here. Raises StaleVersion: somebody is on that call."""
        ...

    async def save(self, listening: Listening) -> None:
        """Store how far it has come."""
        ...

    async def open(self) -> Sequence[Listening]:
        """Those that are not over, as asked."""
        ...

    async def of_call(self, call_id: CallId) -> Sequence[Listening]:
        """All of a call, as asked."""
        ...

    async def of_case(self, case_id: CaseId) -> Sequence[Listening]:
        """All of a case's calls, as asked."""
        ...

    async def last_failure(self, login: str, since: datetime) -> Listening | None:
        """The latest thing somebody asked for since an instant, if it came to nothing."""
        ...


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a program was told, kept under its key; `status` None while the request is being worked on."""

    request_sha256: str
    asked_at: datetime
    status: int | None = None
    body: str = ""


class Tokens(Protocol):
    """Other systems' tokens, and what their programs were answered."""

    async def add(self, token: ApiToken) -> ApiToken:
        """Store a new token; its id is given here. Raises StaleVersion: the name is taken."""
        ...

    async def save(self, token: ApiToken) -> None:
        """Store changes."""
        ...

    async def of_hash(self, token_hash: str) -> ApiToken | None:
        """The token with this fingerprint."""
        ...

    async def all(self) -> Sequence[ApiToken]:
        """By name."""
        ...

    async def touch(self, token_id: int, at: datetime) -> None:
        """Note that it is being used."""
        ...

    async def claim_answer(self, token_id: int, key: str, asked: KeptAnswer) -> KeptAnswer | None:
        """Keep a place for an answer; what stands there already, when the key was used before."""
        ...

    async def keep_answer(self, token_id: int, key: str, status: int, body: str) -> None:
        """The answer, for whoever sends the same again."""
        ...

    async def drop_answer(self, token_id: int, key: str) -> None:
        """Nothing came of the request: its key is free."""
        ...

    async def forget_answers(self, before: datetime) -> None:
        """Remove what was asked before an instant."""
        ...


class Changes(Protocol):
    """The moves of all cases as one sequence, for who follows it from a place onwards."""

    async def latest(self) -> int:
        """The place of the last move, when every move before it is in sight; in a unit of work that writes.

        PostgreSQL numbers rows before they are committed: who reads on from the highest number in sight would never
        see a lower one that is committed later. So this waits for the writers that are under way.
        """
        ...

    async def moved(self, after: int, until: int, limit: int) -> Sequence[tuple[int, CaseId]]:
        """Moves beyond a place and not beyond another, in order, each with its case."""
        ...


class Audit(Protocol):
    """The audit log: rows are added and read, never changed (rules §7.6)."""

    async def put(self, *entries: AuditEntry) -> None:
        """Add rows, in order; their ids are given here."""
        ...

    async def find(self, question: AuditQuestion, org: str, limit: int) -> Sequence[AuditEntry]:
        """What people under an organisation saw and did, the latest first."""
        ...


class Ledger(Protocol):
    """Book-keeping of the machinery: leases, imports, sweeps, samples."""

    async def beat(self, owner: str, kind: str, at: datetime, notice: str = "") -> None:
        """One more sign of life of a process, with what keeps it from its work, if anything does."""
        ...

    async def beats(self) -> Mapping[str, int]:
        """The count of signs of life of each process; who does not count on is dead."""
        ...

    async def notices(self) -> Sequence[str]:
        """What keeps processes from their work, for people to see; each notice once."""
        ...

    async def forget(self, owner: str) -> None:
        """The process has ended, and nothing is claimed by it any more."""
        ...

    async def first_run(self, sweep: str, period: str, at: datetime) -> bool:
        """Claim a sweep for a period; False when it ran already."""
        ...

    async def last_run(self, sweep: str) -> str | None:
        """The latest period a sweep ran for."""
        ...

    async def spool_mark(self, found: str) -> str:
        """The mark of the spool on which this database's sound waits; the one found, when none is known yet."""
        ...

    async def take_spool(self, mark: str) -> None:
        """From now on sound waits on the spool with this mark, whatever was known before."""
        ...

    async def import_begun(self, file_sha256: str, file_name: str, by: str, at: datetime) -> int:
        """Note the start of an import; its id."""
        ...

    async def import_ended(self, import_id: int, counts: Mapping[str, int], at: datetime) -> None:
        """Note its result."""
        ...

    async def put_sample(
        self, seed: str, rate: str, stratum: str, population: Sequence[str], chosen: Sequence[str], at: datetime
    ) -> None:
        """Keep a draw so that it can be repeated and checked (rules §4.1)."""
        ...


class Work(Protocol):
    """One unit of work: all or nothing."""

    policies: Policies
    cases: Cases
    calls: Calls
    interviews: Interviews
    recordings: Recordings
    tickets: Tickets
    drafts: Drafts
    papers: Papers
    floor: Floor
    logins: Logins
    listenings: Listenings
    search: Search
    audit: Audit
    tokens: Tokens
    changes: Changes
    decisions: Decisions
    steerings: Steerings
    figures: Figures
    webhooks: Webhooks
    ledger: Ledger


class Storage(Protocol):
    """The database. Transactions are short; nothing waits for a person or a phone inside one."""

    def begin(self) -> AbstractAsyncContextManager[Work]:
        """A unit of work: committed when the block ends well, undone when it raises."""
        ...

    def read(self) -> AbstractAsyncContextManager[Work]:
        """The same shelves for reading only, from one consistent picture."""
        ...
