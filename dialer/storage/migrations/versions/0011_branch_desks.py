"""The branch desks: in whose hands a ticket is, drafts of replies, attachments, salespeople's accounts."""

import sqlalchemy as sa
from alembic import op

from dialer.storage.types import UtcDateTime

revision = "0011"
down_revision = "0010"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("users", _text("salesperson_code", 32))
    for name, length in (("unit", 40), ("handed_to", 32), ("signed_by", 64), ("taken_by", 64)):
        op.add_column("tickets", _text(name, length))
    for name in ("signed_at", "taken_at"):
        op.add_column("tickets", sa.Column(name, UtcDateTime(), nullable=True))
    op.add_column("ticket_replies", sa.Column("statement", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "ticket_drafts",
        sa.Column("ticket_id", ROW_ID, nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("fields_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_ticket_drafts_ticket_id"),
        sa.PrimaryKeyConstraint("ticket_id", "login", name="pk_ticket_drafts"),
    )
    op.create_table(
        "ticket_attachments",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("ticket_id", ROW_ID, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_ticket_attachments_ticket_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_attachments"),
        sa.UniqueConstraint("ticket_id", "sha256", name="uq_ticket_attachments_ticket_id_sha256"),
    )
    op.create_index("ix_ticket_attachments_ticket_id", "ticket_attachments", ["ticket_id"])


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False, server_default="")
