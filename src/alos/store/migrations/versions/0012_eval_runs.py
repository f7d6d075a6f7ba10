"""Eval runs with their results."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "eval_runs",
        sa.Column("run_id", sa.String(), primary_key=True),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bases", sa.JSON(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_kind", sa.String(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("started_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("ends_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_unix", sa.BigInteger()),
        sa.Column("verdict", sa.String()),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
    )
    op.create_index("eval_runs_by_workflow", "eval_runs", ["workflow", "started_at_unix"])
