"""The wire formats: one module each, a table of fields and the little code that reads it."""
