"""Pictures of recordings, drawn once; and what the search walks along."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "waveforms",
        sa.Column("recording_id", ROW_ID, nullable=False),
        sa.Column("customer", sa.LargeBinary(), nullable=False),
        sa.Column("agent", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name="fk_waveforms_recording_id"),
        sa.PrimaryKeyConstraint("recording_id", name="pk_waveforms"),
    )
    op.create_index("ix_attempts_started_at", "attempts", ["started_at"])
    op.create_index("ix_attempts_outcome_started_at", "attempts", ["outcome", "started_at"])
    op.create_index("ix_calls_agent_intended_at", "calls", ["agent", "intended_at"])
    op.create_index("ix_problems_type", "problems", ["type"])
    flagged = sa.text("CAST(flags AS TEXT) != '[]'")
    op.create_index("ix_cases_flagged", "cases", ["id"], sqlite_where=flagged, postgresql_where=flagged)
