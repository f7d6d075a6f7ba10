"""What people said of answers."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "call_feedback",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True
        ),
        sa.Column("call_id", sa.String(), nullable=False, unique=True),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("at_unix_ns", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_call_feedback_release", "call_feedback", ["workflow", "release", "number"])
