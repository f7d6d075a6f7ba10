"""Failures of our own parts; on the path of a call each becomes a refusal.

::

    Fault
    ├── JournalDown      the record can't be written or made durable
    ├── CountersDown     budgets or rates can't be counted
    ├── ScannerFault     a detector broke
    ├── ChannelDown      the second way of kill switches can't be reached
    ├── StoreDown        the control store or call index can't be reached
    ├── VaultDown        bodies can't be stored or read
    │   └── VaultTampered    what stands there is not what was put there
    ├── SignOnDown       an identity provider can't be reached, or answers nonsense
    ├── StandingStale    no news from the control store for too long
    └── ClockBehind      the clock is behind the last durable entry
"""


class Fault(Exception):  # noqa: N818 - the glossary says fault
    """A part of ours failed; the message is for the log and quotes no caller text."""


class JournalDown(Fault):
    """The journal can't be written (disk full, read-only, fsync error)."""


class CountersDown(Fault):
    """The counters can't be reached or disagree with themselves."""


class ScannerFault(Fault):
    """A detector raised or can't be run."""


class ChannelDown(Fault):
    """The second way by which gateways hear of kill switches can't be reached."""


class StoreDown(Fault):
    """The control store or the call index can't be reached or is damaged."""


class VaultDown(Fault):
    """A body can't be stored or read (disk, key file, key service)."""


class VaultTampered(VaultDown):
    """A body or its key was changed, moved or given another label."""


class SignOnDown(Fault):
    """An identity provider can't be reached, or what it answers can't be used."""


class StandingStale(Fault):
    """The Standing is older than the tier's limit."""


class ClockBehind(Fault):
    """The wall clock is behind the last durable entry."""
