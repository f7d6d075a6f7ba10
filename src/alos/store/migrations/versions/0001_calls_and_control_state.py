"""Calls, notes, shipping cursors, keys and kill switches."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("opening_writer", sa.String(), nullable=True),
        sa.Column("opening_sequence", sa.BigInteger(), nullable=True),
        sa.Column("ceiling_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("closing_writer", sa.String(), nullable=True),
        sa.Column("closing_sequence", sa.BigInteger(), nullable=True),
        sa.Column("closing_hash", sa.String(), nullable=True),
        sa.Column("opened_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_unix_ns", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("wire_format", sa.String(), nullable=True),
        sa.Column("streamed", sa.Boolean(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.Column("workspace", sa.String(), nullable=True),
        sa.Column("workflow", sa.String(), nullable=True),
        sa.Column("tier", sa.Integer(), nullable=True),
        sa.Column("surface", sa.String(), nullable=True),
        sa.Column("accountable", sa.String(), nullable=True),
        sa.Column("release", sa.String(), nullable=True),
        sa.Column("release_stage", sa.String(), nullable=True),
        sa.Column("approved_by", sa.JSON(), nullable=True),
        sa.Column("policy", sa.String(), nullable=True),
        sa.Column("rules", sa.String(), nullable=True),
        sa.Column("standing_epoch", sa.BigInteger(), nullable=True),
        sa.Column("model_asked", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("vendor", sa.String(), nullable=True),
        sa.Column("upstream_model", sa.String(), nullable=True),
        sa.Column("attempts", sa.JSON(), nullable=True),
        sa.Column("route_reason", sa.Text(), nullable=True),
        sa.Column("prompt_version", sa.String(), nullable=True),
        sa.Column("prompt_evidence", sa.String(), nullable=True),
        sa.Column("request_hash", sa.String(), nullable=True),
        sa.Column("sent_hash", sa.String(), nullable=True),
        sa.Column("output_hash", sa.String(), nullable=True),
        sa.Column("request_bytes", sa.BigInteger(), nullable=True),
        sa.Column("answer_bytes", sa.BigInteger(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=True),
        sa.Column("finding_words", sa.Text(), nullable=True),
        sa.Column("unscanned", sa.JSON(), nullable=True),
        sa.Column("unknown_fields", sa.Integer(), nullable=True),
        sa.Column("tools", sa.JSON(), nullable=True),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("cost_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("cost_estimated", sa.Boolean(), nullable=True),
        sa.Column("reserved_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("price_source", sa.String(), nullable=True),
        sa.Column("overhead_us", sa.BigInteger(), nullable=True),
        sa.Column("first_byte_ms", sa.BigInteger(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("principal", sa.String(), nullable=True),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("personal", sa.JSON(), nullable=True),
        sa.Column("arrived_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_index("calls_by_arrival", "calls", ["arrived_at_unix_ns"])
    op.create_index("calls_by_principal", "calls", ["principal", "opened_at_unix_ns"])
    op.create_index("calls_by_time", "calls", ["opened_at_unix_ns", "call_id"])
    op.create_index("calls_by_workflow", "calls", ["workflow", "opened_at_unix_ns"])
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
        "ship_cursors",
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
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
    op.drop_table("ship_cursors")
    op.drop_table("notes")
    op.drop_table("keys")
    op.drop_table("journal_damage")
    op.drop_table("calls")
