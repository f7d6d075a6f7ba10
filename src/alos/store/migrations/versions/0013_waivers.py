"""Waivers."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "waivers",
        sa.Column("waiver_id", sa.String(), primary_key=True),
        sa.Column("requested_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("waiver", sa.Text(), nullable=False),
    )
