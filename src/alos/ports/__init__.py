"""Protocols of everything outside the core, and the few adapters of time and tasks."""
