"""The installation's word: statements signed by its key, and the check of them."""

from collections.abc import Mapping
from typing import Any, Protocol


class Statements(Protocol):
    """Signs statements with the installation's key.

    What it signs proves that whoever held that key at the time said so, and nothing more: an
    operator with the key could have signed anything.
    """

    def sign(self, content: Mapping[str, Any], *, payload_type: str | None = None) -> str:
        """Sign a JSON object; returns its DSSE envelope as JSON text.

        Args:
            content: texts, integers below 2^53, booleans, lists and objects of them.
            payload_type: another type than a statement of ours, e.g. in-toto's.
        """

    def open(self, envelope: str) -> Mapping[str, Any] | None:
        """The content of an envelope that a key of this installation signed, else ``None``."""
