"""In which hours which findings were seen, and the providers' names of models; for searches."""

from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_HOUR_NS = 3_600_000_000_000
_LIST_FOUND = (
    f"SELECT opened_at_unix_ns / {_HOUR_NS} * 3600 AS hour, finding_words, count(*)"  # noqa: S608 (our own names)
    " FROM calls WHERE finding_words IS NOT NULL GROUP BY 1, 2"
)


def upgrade() -> None:
    """Create both and fill them from ``calls``."""
    hours = op.create_table(
        "finding_hours",
        sa.Column("hour_unix", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour_unix", "word"),
    )
    found: Counter[tuple[int, str]] = Counter()
    for hour, words, calls in op.get_bind().exec_driver_sql(_LIST_FOUND):
        for word in set(words.strip("|").split("|")):
            found[int(hour), word] += calls
    rows = [{"hour_unix": at[0], "word": at[1], "calls": calls} for at, calls in found.items()]
    op.bulk_insert(hours, rows)
    op.create_table(
        "model_names",
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("upstream_model", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("model", "upstream_model"),
    )
    op.execute(
        "INSERT INTO model_names SELECT DISTINCT model, coalesce(upstream_model, '')"
        " FROM calls WHERE model IS NOT NULL"
    )
