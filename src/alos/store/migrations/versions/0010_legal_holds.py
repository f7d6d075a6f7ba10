"""Legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of legal holds."""
    op.create_table(
        "legal_holds",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("since_unix_ns", sa.BigInteger()),
        sa.Column("until_unix_ns", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("released_at_unix", sa.BigInteger()),
        sa.Column("released_by", sa.String()),
    )
