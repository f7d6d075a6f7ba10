"""Detectors: what a text contains that it must not."""
