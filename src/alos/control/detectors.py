"""The detectors that an organisation runs: ours, and its own dictionaries, in one scanner."""

from alos.checks.catalogue import Scanner, build_scanner
from alos.checks.dictionaries import Dictionary, build_dictionary_pack
from alos.checks.packs import standard_packs
from alos.domain.organisation import Organisation


def build_detectors(organisation: Organisation) -> Scanner:
    """Compile every pack into one scanner; costs about a second.

    A dictionary's findings carry its name as their type; boundaries bind names to classes.

    Raises:
        ScannerFault: a pack can't be compiled.
        ValueError: a dictionary has an entry that would fire on ordinary text.
    """
    dictionaries = [
        Dictionary(type=name, entries=entries)
        for name, entries in sorted(organisation.dictionaries.items())
    ]
    packs = standard_packs()
    if dictionaries:
        packs.append(build_dictionary_pack(dictionaries))
    return build_scanner(packs)
