"""What each gateway holds of budgets and rates, and which one runs an Idempotency-Key's call."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table and the column."""
    op.create_table(
        "shares",
        sa.Column("period", sa.String(), primary_key=True),
        sa.Column("scope", sa.String(), primary_key=True),
        sa.Column("gateway", sa.String(), primary_key=True),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("put_at_unix", sa.BigInteger(), nullable=False),
    )
    op.add_column("claims", sa.Column("gateway", sa.String()))
