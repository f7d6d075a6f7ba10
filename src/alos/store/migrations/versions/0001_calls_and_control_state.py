"""Calls and their hourly sums, notes, shipped journals, keys and kill switches."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "calls",
        sa.Column("number", _row_number, nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("opened_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=True),
        sa.Column("workflow", sa.String(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.Column("principal", sa.String(), nullable=True),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("upstream_model", sa.String(), nullable=True),
        sa.Column("vendor", sa.String(), nullable=True),
        sa.Column("tier", sa.Integer(), nullable=True),
        sa.Column("release", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=False),
        sa.Column("cost_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("overhead_us", sa.BigInteger(), nullable=False),
        sa.Column("finding_words", sa.Text(), nullable=True),
        sa.Column("closing_writer", sa.String(), nullable=False),
        sa.Column("closing_segment", sa.Integer(), nullable=False),
        sa.Column("closing_byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("closing_sequence", sa.BigInteger(), nullable=False),
        sa.Column("opening_writer", sa.String(), nullable=True),
        sa.Column("opening_segment", sa.Integer(), nullable=True),
        sa.Column("opening_byte_offset", sa.BigInteger(), nullable=True),
        sa.Column("opening_sequence", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("calls_by_id", "calls", ["call_id"], unique=True)
    op.create_index("calls_by_time", "calls", ["opened_at_unix_ns"])
    op.create_index("calls_by_workflow", "calls", ["workflow", "opened_at_unix_ns"])
    for name, columns, where in (
        ("calls_by_task", ["task"], "task IS NOT NULL"),
        ("calls_by_reason", ["reason", "opened_at_unix_ns"], "reason IS NOT NULL"),
        ("calls_with_findings", ["opened_at_unix_ns"], "finding_words IS NOT NULL"),
        ("calls_not_answered", ["outcome", "opened_at_unix_ns"], "outcome <> 'answered'"),
    ):
        op.create_index(name, "calls", columns, sqlite_where=sa.text(where))
    op.create_table(
        "running_calls",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("opened_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("opening_writer", sa.String(), nullable=False),
        sa.Column("opening_segment", sa.Integer(), nullable=False),
        sa.Column("opening_byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("opening_sequence", sa.BigInteger(), nullable=False),
        sa.Column("arrived_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
    )
    names = ("workspace", "workflow", "vendor", "model", "outcome", "reason")
    sums = ("calls", "cost_nanousd", "duration_ms", "overhead_us")
    op.create_table(
        "call_hours",
        sa.Column("hour_unix", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in names),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in sums),
        sa.PrimaryKeyConstraint("hour_unix", *names),
    )
    op.create_table(
        "journal_damage",
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file", "byte_offset"),
    )
    op.create_table(
        "keys",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("principal_id", sa.String(), nullable=False),
        sa.Column("principal_kind", sa.String(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("workflows", sa.JSON(), nullable=False),
        sa.Column("default_workflow", sa.String(), nullable=False),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("expires_at_unix", sa.BigInteger(), nullable=True),
        sa.Column("created_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("revoked_at_unix", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
        sa.UniqueConstraint("prefix"),
    )
    op.create_table(
        "notes",
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("personal", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("writer", "sequence"),
    )
    op.create_index("notes_by_kind", "notes", ["kind", "at_unix_ns"])
    op.create_table(
        "journal_writers",
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("writer"),
    )
    op.create_table(
        "stops",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("since_unix", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revived_at_unix", sa.BigInteger(), nullable=True),
        sa.Column("revived_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("stops_by_target", "stops", ["kind", "target"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("stops")
    op.drop_table("journal_writers")
    op.drop_table("notes")
    op.drop_table("keys")
    op.drop_table("journal_damage")
    op.drop_table("call_hours")
    op.drop_table("running_calls")
    op.drop_table("calls")
