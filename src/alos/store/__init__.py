"""SQL and files: the journal, the call index, control state."""
