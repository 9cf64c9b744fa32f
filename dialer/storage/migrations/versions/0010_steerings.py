"""What supervisors decide about dialling; figures by last day and of the day find their rows by an index."""

import sqlalchemy as sa
from alembic import op

from dialer.storage.types import UtcDateTime

revision = "0010"
down_revision = "0009"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "steerings",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("org", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=True),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("start", sa.String(length=8), nullable=True),
        sa.Column("end", sa.String(length=8), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=False),
        sa.Column("ended_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_steerings"),
    )
    op.create_index("ix_cases_revisit_last_day", "cases", ["revisit_last_day"])
    op.create_index("ix_calls_intended_at", "calls", ["intended_at"])
