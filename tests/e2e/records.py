"""What a journal says after the fact: every call's opening and closing, read from the bytes."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from alos.domain.record import ClosingEntry, NoteEntry, NoteKind, OpeningEntry
from alos.store.folder import list_writers
from alos.store.journal_reader import JournalReader


@dataclass
class Journal:
    """All entries of all writers of one folder.

    Attributes:
        torn: writers whose last entry is half-written.
    """

    openings: list[OpeningEntry] = field(default_factory=list)
    closings: list[ClosingEntry] = field(default_factory=list)
    notes: list[NoteEntry] = field(default_factory=list)
    torn: int = 0

    @property
    def by_call(self) -> dict[str, ClosingEntry]:
        """Closings by call; every call has one at most."""
        self.check_once()
        return {entry.call_id: entry for entry in self.closings}

    @property
    def authenticated(self) -> list[ClosingEntry]:
        return [entry for entry in self.closings if entry.key_id is not None]

    @property
    def cost_nanousd(self) -> int:
        return sum(entry.cost_nanousd for entry in self.closings)

    def get_notes(self, kind: NoteKind) -> list[NoteEntry]:
        return [note for note in self.notes if note.kind is kind]

    def check_once(self) -> None:
        """No call is opened or closed twice."""
        for entries in (self.openings, self.closings):
            counted = Counter(entry.call_id for entry in entries)
            twice = [call_id for call_id, times in counted.items() if times > 1]
            assert not twice, f"recorded more than once: {twice[:5]}"

    def list_open(self) -> set[str]:
        """Calls that were opened and never closed."""
        return {entry.call_id for entry in self.openings} - {one.call_id for one in self.closings}


def get_personal(entry: ClosingEntry, name: str) -> list[str]:
    """Values of one personal field of a record."""
    return [one.value for one in entry.personal if one.name == name]


def read_journal(folder: Path) -> Journal:
    """Read a journal folder whole; damage fails the test, a torn end is counted."""
    journal = Journal()
    for writer in list_writers(folder):
        reader = JournalReader(folder, writer)
        for sealed in reader:
            if isinstance(sealed.entry, OpeningEntry):
                journal.openings.append(sealed.entry)
            elif isinstance(sealed.entry, ClosingEntry):
                journal.closings.append(sealed.entry)
            else:
                journal.notes.append(sealed.entry)
        assert not reader.damage, f"the journal is damaged: {reader.damage}"
        journal.torn += reader.torn is not None
    return journal
