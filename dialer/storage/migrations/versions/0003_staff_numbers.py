"""The numbers known as salespeople's, also those that no customer has (yet)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "staff_numbers",
        sa.Column("number_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number_hash", name="pk_staff_numbers"),
    )
    op.execute("INSERT INTO staff_numbers SELECT DISTINCT number_hash FROM phones WHERE staff_number")
