"""The tables. Names and phone numbers are sealed (`*_sealed`), with a keyed hash beside them where they are looked up.

A call may serve several cases of one holder: `calls` 1-n `attempts`, each with its interview and its segment of
the call's recording.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from dialer.storage.types import RowId, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", RowId, primary_key=True, autoincrement=True)


holders = Table(
    "holders",
    metadata,
    _id(),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("name_hash", String(64), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
)

phones = Table(
    "phones",
    metadata,
    _id(),
    Column("holder_id", ForeignKey("holders.id"), nullable=False, index=True),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("number_hash", String(64), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("source", String(24), nullable=False),
    Column("status", String(24), nullable=False),
    Column("status_since", UtcDateTime, nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("verified_by", String(64), nullable=False),
    Column("staff_number", Boolean, nullable=False),
    UniqueConstraint("holder_id", "number_hash"),
)

spools = Table(
    "spools",
    metadata,
    # one row: the mark on the folder where sound waits to be sealed
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("mark", String(64), nullable=False),
)

staff_numbers = Table(
    "staff_numbers",
    metadata,
    # salespeople's own, which must not be a customer's
    Column("number_hash", String(64), primary_key=True),
)

policies = Table(
    "policies",
    metadata,
    _id(),
    Column("policy_no", String(40), nullable=False, unique=True),
    Column("holder_id", ForeignKey("holders.id"), nullable=False, index=True),
    Column("facts", JSON, nullable=False),
    Column("personal_sealed", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("cancelled_at", UtcDateTime),
    Column("imported_at", UtcDateTime, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    _id(),
    Column("policy_id", ForeignKey("policies.id"), nullable=False, unique=True),
    Column("policy_no", String(40), nullable=False, unique=True),
    Column("holder_id", ForeignKey("holders.id"), nullable=False, index=True),
    Column("org", String(40), nullable=False, index=True),
    Column("state", String(24), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("round", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("revisit_last_day", Date, index=True),
    Column("surrender_last_day", Date),
    Column("next_at", UtcDateTime),
    Column("next_why", Text, nullable=False),
    Column("appointment_at", UtcDateTime),
    Column("appointment_by_customer", Boolean),
    Column("appointment_note", Text),
    Column("phone_changed", Boolean, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("first_attempt_at", UtcDateTime),
    Column("reached_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("closed_why", Text, nullable=False),
    Column("in_free_look", Boolean),
    Index("ix_cases_dispatch", "state", "rank", "revisit_last_day", "next_at"),
    # the few that have any, for the search
    Index(
        "ix_cases_flagged",
        "id",
        sqlite_where=text("CAST(flags AS TEXT) != '[]'"),
        postgresql_where=text("CAST(flags AS TEXT) != '[]'"),
    ),
)

history = Table(
    "history",
    metadata,
    _id(),
    Column("record", String(16), nullable=False),
    Column("record_id", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("event", String(32), nullable=False),
    Column("from_state", String(32), nullable=False),
    Column("to_state", String(32), nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_history_record", "record", "record_id", "id"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("phone_id", ForeignKey("phones.id"), nullable=False),
    Column("number_hash", String(64), nullable=False),
    Column("seat", String(40), nullable=False),
    Column("agent", String(64), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("intended_at", UtcDateTime, nullable=False, index=True),
    Column("ringing_at", UtcDateTime),
    Column("early_media_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("connected_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String(16)),
    Column("sip_code", Integer),
    Column("ring_timeout", Boolean),
    Column("failure", Text),
    Column("outcome", String(32)),
    Index("ix_calls_number_hash_intended_at", "number_hash", "intended_at"),
    Index("ix_calls_agent_intended_at", "agent", "intended_at"),
    Index(
        "ix_calls_open",
        "owner",
        "seat",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    _id(),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("by_appointment", Boolean, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("outcome", String(32)),
    Column("counted", Boolean),
    Column("contact", Boolean),
    Column("completed", Boolean),
    Column("finished_at", UtcDateTime),
    Column("why", Text, nullable=False),
    UniqueConstraint("case_id", "call_id"),
    Index("ix_attempts_started_at", "started_at"),
    Index("ix_attempts_outcome_started_at", "outcome", "started_at"),
    CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="outcome_when_finished"),
    # one unfinished attempt a case: nobody is called twice
    Index(
        "uq_attempts_unfinished",
        "case_id",
        unique=True,
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
)

interviews = Table(
    "interviews",
    metadata,
    Column("attempt_id", ForeignKey("attempts.id"), primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("script_id", String(40), nullable=False),
    Column("script_version", String(24), nullable=False),
    Column("script_sha256", String(64), nullable=False),
    Column("state_sealed", LargeBinary, nullable=False),
    Column("facts_sealed", LargeBinary, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("version", Integer, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    _id(),
    Column("attempt_id", ForeignKey("attempts.id"), nullable=False, index=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("item", String(64), nullable=False),
    Column("value", String(64), nullable=False),
    Column("node", String(64), nullable=False),
    Column("option", String(64), nullable=False),
    Column("offset_ms", BigInteger, nullable=False),
    UniqueConstraint("attempt_id", "item", "node"),
)

problems = Table(
    "problems",
    metadata,
    _id(),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("attempt_id", ForeignKey("attempts.id")),
    Column("ticket_id", ForeignKey("tickets.id")),
    Column("round", Integer, nullable=False),
    Column("type", String(32), nullable=False),
    Column("subtype", String(64), nullable=False),  # empty where there is none: NULLs would not be one problem
    Column("words_sealed", LargeBinary, nullable=False),
    Column("offset_ms", BigInteger),
    Column("found_at", UtcDateTime, nullable=False),
    UniqueConstraint("case_id", "round", "type", "subtype"),
    Index("ix_problems_type", "type"),
)

referrals = Table(
    "referrals",
    metadata,
    _id(),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("attempt_id", ForeignKey("attempts.id")),
    Column("object", String(40), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

recordings = Table(
    "recordings",
    metadata,
    _id(),
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("raw_customer", Text, nullable=False),
    Column("raw_agent", Text),
    Column("started_at", UtcDateTime, nullable=False),
    Column("talk_ms", BigInteger),
    Column("key", Text),
    Column("sha256", String(64)),
    Column("duration_ms", BigInteger),
    Column("size_bytes", BigInteger),
    Column("seal", JSON(none_as_null=True)),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcDateTime),
    Column("error", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("call_id", "kind", "raw_customer"),
)

segments = Table(
    "segments",
    metadata,
    _id(),
    Column("recording_id", ForeignKey("recordings.id"), nullable=False, index=True),
    Column("attempt_id", ForeignKey("attempts.id"), nullable=False, index=True),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    UniqueConstraint("recording_id", "attempt_id"),
)

waveforms = Table(
    "waveforms",
    metadata,
    # drawn when a recording is first looked at
    Column("recording_id", ForeignKey("recordings.id"), primary_key=True),
    Column("customer", LargeBinary, nullable=False),
    Column("agent", LargeBinary),
)

tickets = Table(
    "tickets",
    metadata,
    _id(),
    Column("ticket_no", String(32), nullable=False, unique=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("level", String(4), nullable=False),
    Column("round", Integer, nullable=False),
    Column("org", String(40), nullable=False, index=True),
    Column("state", String(24), nullable=False),
    Column("version", Integer, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("issued_at", UtcDateTime),
    Column("due_at", UtcDateTime),
    Column("calendar_version", String(64), nullable=False),
    Column("replied_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("unit", String(40), nullable=False),
    Column("handed_to", String(32), nullable=False),
    Column("signed_by", String(64), nullable=False),
    Column("signed_at", UtcDateTime),
    Column("taken_by", String(64), nullable=False),
    Column("taken_at", UtcDateTime),
    UniqueConstraint("case_id", "round"),
    Index("ix_tickets_state_due_at", "state", "due_at"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

ticket_replies = Table(
    "ticket_replies",
    metadata,
    _id(),
    Column("ticket_id", ForeignKey("tickets.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(64), nullable=False),
    Column("reply_sealed", LargeBinary, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("objections", JSON, nullable=False),
    Column("statement", Boolean, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("about", String(80), primary_key=True),  # `ticket 12`, `call 1a2b`
    Column("login", String(64), primary_key=True),
    Column("fields_sealed", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

ticket_attachments = Table(
    "ticket_attachments",
    metadata,
    _id(),
    Column("ticket_id", ForeignKey("tickets.id"), nullable=False, index=True),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("ticket_id", "sha256"),
)

users = Table(
    "users",
    metadata,
    _id(),
    Column("login", String(64), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", String(24), nullable=False),
    Column("org", String(40), nullable=False),
    Column("phone_address", Text, nullable=False),
    Column("salesperson_code", String(32), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("failed_logins", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("must_change_password", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
)

script_versions = Table(
    "script_versions",
    metadata,
    _id(),
    Column("script_id", String(40), nullable=False),
    Column("script_version", String(24), nullable=False),
    Column("text", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("author", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("approved_by", String(64), nullable=False),
    Column("effective_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("script_id", "script_version"),
)

calendar_years = Table(
    "calendar_years",
    metadata,
    _id(),
    Column("year", Integer, nullable=False, index=True),
    Column("schedule_version", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
)

units = Table(
    "units",
    metadata,
    Column("path", String(40), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("closed", Boolean, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("address", String(64), nullable=False, server_default=""),
    Column("proved_at", UtcDateTime),
)

strangers = Table(
    "strangers",
    metadata,
    Column("login_hash", String(64), primary_key=True),
    Column("failed_logins", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("tried_at", UtcDateTime, nullable=False, index=True),
)
"""Logins that nobody has, and how often they were tried: what is typed there may be anything, so it is not kept."""

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("enrolled_at", UtcDateTime),
    Column("last_step", BigInteger, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
)

seats = Table(
    "seats",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("call_id", ForeignKey("calls.id")),
    Column("leg_up", Boolean, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("pause_after_call", Boolean, nullable=False),
    Column("back_to_ready", Boolean, nullable=False),
    Column("preview_case", Integer),
    Column("version", Integer, nullable=False),
)

desk_orders = Table(
    "desk_orders",
    metadata,
    _id(),
    Column("kind", String(24), nullable=False),
    Column("seat", String(40), nullable=False, index=True),
    Column("call_id", String(40)),
    Column("detail", JSON, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("refused", Text, nullable=False),
    Index("ix_desk_orders_open", "id", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")),
)

listenings = Table(
    "listenings",
    metadata,
    _id(),
    Column("call_id", ForeignKey("calls.id"), nullable=False, index=True),
    Column("seat", String(40), nullable=False),
    Column("login", String(64), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("joined_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("ending", String(16)),
    Column("why", Text, nullable=False),
    # one supervisor on a call, in one mode
    Index(
        "uq_listenings_open",
        "call_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

audit = Table(
    "audit",
    metadata,
    # counted by the head, without gaps; triggers refuse every change of a row
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("login", String(64), nullable=False),
    Column("org", String(40), nullable=False),
    Column("address", String(64), nullable=False),
    Column("record", String(64), nullable=False),
    Column("told_sealed", LargeBinary, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_login", "login", "id"),
    Index("ix_audit_record", "record", "id"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

steerings = Table(
    "steerings",
    metadata,
    _id(),
    Column("kind", String(8), nullable=False),
    Column("org", String(40), nullable=False),
    Column("purpose", String(16)),
    Column("by", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("why", Text, nullable=False),
    Column("until", UtcDateTime),
    Column("start", String(8)),
    Column("end", String(8)),
    Column("seats", Integer),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String(64), nullable=False),
    Column("ended_why", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("beat", BigInteger, nullable=False),
    Column("notice", Text, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    _id(),
    Column("name", String(40), nullable=False, unique=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("org", String(40), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
)

api_answers = Table(
    "api_answers",
    metadata,
    Column("token_id", ForeignKey("api_tokens.id"), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False, index=True),
    Column("status", Integer),
    Column("body", Text, nullable=False),
)

webhook_messages = Table(
    "webhook_messages",
    metadata,
    _id(),
    Column("message_id", String(64), nullable=False, unique=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("type", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcDateTime),
    Column("error", Text, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    _id(),
    Column("file_sha256", String(64), nullable=False, index=True),
    Column("file_name", Text, nullable=False),
    Column("by", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("counts", JSON, nullable=False),
)

samples = Table(
    "samples",
    metadata,
    _id(),
    Column("seed", String(64), nullable=False),
    Column("rate", String(16), nullable=False),
    Column("stratum", Text, nullable=False),
    Column("population", JSON, nullable=False),
    Column("chosen", JSON, nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("period", String(24), primary_key=True),
    Column("ran_at", UtcDateTime, nullable=False),
)

signals = Table(
    "signals",
    metadata,
    Column("topic", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
