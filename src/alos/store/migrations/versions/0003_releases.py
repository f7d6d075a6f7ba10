"""Bundles by digest, and what happened to releases."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "bundles",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("contents", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("uploaded_at_unix", sa.BigInteger(), nullable=False),
    )
    op.create_index("bundles_by_workflow", "bundles", ["workflow", "uploaded_at_unix"])
    op.create_table(
        "release_events",
        sa.Column("number", _row_number, primary_key=True, autoincrement=True),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "release_events_by_place", "release_events", ["workflow", "sequence"], unique=True
    )
