"""Requests that more people may use a workflow."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "access_requests",
        sa.Column("request_id", sa.String(), primary_key=True),
        sa.Column("at_unix", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
    )
    op.create_index("ix_access_requests_at_unix", "access_requests", ["at_unix"])
