"""Adapters that send a checked call to a model server."""
