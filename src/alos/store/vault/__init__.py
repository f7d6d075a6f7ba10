"""The vault on local files: encrypted bodies in one folder, their keys in another."""
