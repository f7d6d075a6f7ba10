"""Adapters that carry telemetry out."""
