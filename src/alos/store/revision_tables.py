"""The tables of config revisions: their files, the plans that wait, and what was applied."""

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Integer, LargeBinary, String, Table, Text

from alos.store.tables import metadata

config_files: Final = Table(
    "config_files",
    metadata,
    Column("digest", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

config_plans: Final = Table(
    "config_plans",
    metadata,
    Column("plan_id", String, primary_key=True),
    Column("base", Integer, nullable=False),
    Column("files", JSON(none_as_null=True), nullable=False),
    Column("changes", JSON(none_as_null=True), nullable=False),
    Column("proposed_by", String, nullable=False),
    Column("proposed_at_unix", BigInteger, nullable=False),
    Column("approvals", JSON(none_as_null=True), nullable=False),
    Column("state", String, nullable=False),
)

config_revisions: Final = Table(
    "config_revisions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String, nullable=False),
    Column("files", JSON(none_as_null=True), nullable=False),
    Column("applied_at_unix", BigInteger, nullable=False),
    Column("applied_by", JSON(none_as_null=True), nullable=False),
    Column("envelope", Text, nullable=False),
)
