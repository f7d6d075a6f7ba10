"""Sign-on: sessions, one-time tickets, and accounts bound to persons."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of sign-on."""
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("auth_time_unix", sa.BigInteger(), nullable=False),
        sa.Column("created_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("seen_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("idle_seconds", sa.BigInteger(), nullable=False),
        sa.Column("ends_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("rotated_at_unix", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_unix", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
    )
    op.create_index("sessions_by_previous_hash", "sessions", ["previous_hash"])
    op.create_index("sessions_by_person", "sessions", ["person"])
    op.create_table(
        "tickets",
        sa.Column("ticket_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("ends_at_unix", sa.BigInteger(), nullable=False),
    )
    op.create_index("tickets_by_end", "tickets", ["ends_at_unix"])
    op.create_table(
        "accounts",
        sa.Column("issuer", sa.String(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("bound_at_unix", sa.BigInteger(), nullable=False),
    )
    op.create_index("accounts_by_person", "accounts", ["issuer", "person"], unique=True)
