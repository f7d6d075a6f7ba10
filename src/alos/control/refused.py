"""A "no" to somebody who wants to change what the gateway sees."""

from alos.domain.refusal import Refusal


class ChangeRefused(Exception):  # noqa: N818 - the glossary says refused
    """A change that the rules do not allow; the message says what to do.

    Attributes:
        refusal: where the "no" has a reason code of its own.
    """

    def __init__(self, message: str, *, refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal
