"""One governed call: the stages, in alphabetical order, and run, which knows that order."""
