"""Starts servers, puts load on them, and reads what they cost."""
