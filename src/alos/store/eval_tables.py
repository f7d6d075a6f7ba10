"""The table of eval runs."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from alos.store.tables import metadata

eval_runs: Final = Table(
    "eval_runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("workflow", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("bases", JSON(none_as_null=True), nullable=False),
    Column("key_id", String, nullable=False),
    Column("by", String, nullable=False),
    Column("by_kind", String, nullable=False),
    Column("is_ci", Boolean, nullable=False),
    Column("identity", String, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("started_at_unix", BigInteger, nullable=False),
    Column("ends_at_unix", BigInteger, nullable=False),
    Column("finished_at_unix", BigInteger),
    Column("verdict", String),
    Column("answered", Integer, nullable=False),
    Column("result", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Index("eval_runs_by_workflow", "workflow", "started_at_unix"),
)
"""``result``: JSON text; ``envelope``: the DSSE envelope about it; both empty until it ends."""
