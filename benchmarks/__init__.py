"""Measurements of the product; each prints the command that repeats it."""
