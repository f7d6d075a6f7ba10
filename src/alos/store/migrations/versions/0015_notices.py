"""Notices to consulted and informed people, and what became of each."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.String(), primary_key=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("to", sa.JSON(), nullable=False),
        sa.Column("person", sa.String()),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("next_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at_unix", sa.BigInteger()),
        sa.Column("error", sa.Text(), nullable=False),
    )
    op.create_index("notices_by_state", "notices", ["state", "next_at_unix"])
