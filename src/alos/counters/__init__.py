"""Adapters that count money and requests."""
