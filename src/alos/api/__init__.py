"""The management door (FastAPI), not on the path of a call."""
