"""Encodings and proofs of the tamper-evident log."""
