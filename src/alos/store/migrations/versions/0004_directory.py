"""The directory's entries, identities and tokens; rotation and last use of keys."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and columns."""
    op.create_table(
        "directory_entries",
        sa.Column("entry_id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String()),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("modified_at_unix_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_unix", sa.BigInteger()),
        sa.Column("deleted", sa.Boolean(), nullable=False),
    )
    op.create_index("directory_entries_by_kind", "directory_entries", ["kind", "entry_id"])
    op.create_table(
        "directory_identities",
        sa.Column("identity", sa.String(), primary_key=True),
        sa.Column("entry_id", sa.String(), nullable=False),
    )
    op.create_index("directory_identities_by_entry", "directory_identities", ["entry_id"])
    op.create_table(
        "directory_tokens",
        sa.Column("token_id", sa.String(), primary_key=True),
        sa.Column("prefix", sa.String(), nullable=False, unique=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("revoked_at_unix", sa.BigInteger()),
    )
    for name, kind in (
        ("rotate_by_unix", sa.BigInteger()),
        ("rotate_reason", sa.Text()),
        ("follows", sa.String()),
        ("last_used_at_unix", sa.BigInteger()),
    ):
        op.add_column("keys", sa.Column(name, kind))
