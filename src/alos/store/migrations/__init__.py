"""Schema revisions of the embedded store (Alembic)."""
