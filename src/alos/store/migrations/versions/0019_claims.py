"""Idempotency-Keys: a restart repeats no call."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "claims",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("claimed_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("is_running", sa.Boolean(), nullable=False),
        sa.Column("call_id", sa.String()),
        sa.Column("reference", sa.String()),
        sa.Column("streamed", sa.Boolean()),
        sa.Column("model", sa.String()),
        sa.Column("output_hash", sa.String()),
    )
    op.create_index("claims_by_age", "claims", ["claimed_at_unix_ns"])
