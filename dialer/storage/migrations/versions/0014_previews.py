"""The case that an agent reads before it is dialled."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("seats", sa.Column("preview_case", sa.Integer(), nullable=True))
