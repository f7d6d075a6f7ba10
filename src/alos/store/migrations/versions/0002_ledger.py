"""The ledger: inbox, leaves, tree nodes, writers, gaps, checkpoints, head and lease."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the ledger's tables."""
    _create_leaves()
    _create_writers()
    op.create_table(
        "ledger_checkpoints",
        sa.Column("number", _row_number, primary_key=True, autoincrement=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("signed_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("ledger_checkpoints_by_size", "ledger_checkpoints", ["size"])
    op.create_table(
        "ledger_head",
        sa.Column("only", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("lease_epoch", sa.BigInteger(), nullable=False),
        sa.Column("lease_holder", sa.String(), nullable=False),
        sa.Column("lease_ends_at_unix_ns", sa.BigInteger(), nullable=False),
    )


def _create_leaves() -> None:
    op.create_table(
        "ledger_inbox",
        sa.Column("number", _row_number, primary_key=True, autoincrement=True),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ledger_inbox_by_entry", "ledger_inbox", ["writer", "sequence"], unique=True)
    op.create_table(
        "ledger_leaves",
        sa.Column("position", _row_number, primary_key=True, autoincrement=False),
        sa.Column("writer_number", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )
    op.create_index(
        "ledger_leaves_by_entry", "ledger_leaves", ["writer_number", "sequence"], unique=True
    )
    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )


def _create_writers() -> None:
    op.create_table(
        "ledger_writers",
        sa.Column("number", _row_number, primary_key=True, autoincrement=True),
        sa.Column("writer", sa.String(), nullable=False, unique=True),
        sa.Column("next_sequence", sa.BigInteger(), nullable=False),
        sa.Column("seen_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("is_silent", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "ledger_gaps",
        sa.Column("writer", sa.String(), primary_key=True),
        sa.Column("first_sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("noticed_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("is_noted", sa.Boolean(), nullable=False),
    )
