"""Adapters that know people."""
