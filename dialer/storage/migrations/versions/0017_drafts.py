"""What is typed and not sent is kept for calls as for tickets."""

import sqlalchemy as sa
from alembic import op

from dialer.storage.types import UtcDateTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("fields_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("about", "login", name="pk_drafts"),
    )
    op.execute("INSERT INTO drafts SELECT 'ticket ' || ticket_id, login, fields_sealed, at FROM ticket_drafts")
    op.drop_table("ticket_drafts")
