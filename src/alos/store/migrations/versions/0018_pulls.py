"""When a kill switch was pulled, finely enough to see how long it took to get elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("pulled_at_unix_ns", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("stops", column)
