"""Scripts that the site writes, calendar years it puts in force, and its organisation."""

import sqlalchemy as sa
from alembic import op

from dialer.storage.types import UtcDateTime

revision = "0008"
down_revision = "0007"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "script_versions",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("script_id", sa.String(length=40), nullable=False),
        sa.Column("script_version", sa.String(length=24), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_script_versions"),
        sa.UniqueConstraint("script_id", "script_version", name="uq_script_versions_script_id_script_version"),
    )
    op.create_table(
        "calendar_years",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("schedule_version", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_years"),
    )
    op.create_index("ix_calendar_years_year", "calendar_years", ["year"])
    op.create_table(
        "units",
        sa.Column("path", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_units"),
    )
