"""The door that model clients knock on: wire formats, errors, streams."""
