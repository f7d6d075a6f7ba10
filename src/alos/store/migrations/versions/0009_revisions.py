"""Config revisions with their files and plans; since when people hold their roles."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "config_files",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "config_plans",
        sa.Column("plan_id", sa.String(), primary_key=True),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("approvals", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
    )
    op.create_table(
        "config_revisions",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("applied_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("applied_by", sa.JSON(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
    )
    op.create_table(
        "role_gains",
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("role", sa.String(), primary_key=True),
        sa.Column("gained_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("founding", sa.Boolean(), nullable=False),
    )
