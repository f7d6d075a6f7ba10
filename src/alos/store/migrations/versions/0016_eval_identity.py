"""Which machine an eval run was made by.

What was signed before called every service account's run one of CI's; that stays as it was signed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "eval_runs", sa.Column("is_ci", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "eval_runs", sa.Column("identity", sa.String(), nullable=False, server_default="")
    )
    runs = sa.table("eval_runs", sa.column("by_kind"), sa.column("is_ci"))
    op.execute(runs.update().where(runs.c.by_kind == "service").values(is_ci=sa.true()))
