"""A "no" to somebody who wants to change what the gateway sees."""


class ChangeRefused(Exception):  # noqa: N818 - the glossary says refused
    """A change that the rules do not allow; the message says what to do."""
