"""Corrections of the calendar that are not finished yet; those of before are taken as they stand."""

import sqlalchemy as sa
from alembic import op

from dialer.storage.types import UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("calendar_years", sa.Column("settled_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE calendar_years SET settled_at = at")
