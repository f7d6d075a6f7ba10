"""What differs between two configurations, place by place, and which section each place is in."""

from collections.abc import Iterator, Mapping
from hashlib import sha256

from alos.control.documents import Location, parse_document, to_key
from alos.domain.revision import ConfigChange, Section

ORGANISATION_FILE = "alos.yaml"
PEOPLE_FILE = "people.yaml"
_LONGEST = 120
_SECTION_OF_KEY: Mapping[str, Section] = {
    "vendors": Section.ROUTES,
    "models": Section.ROUTES,
    "logging": Section.ROUTES,
    "dictionaries": Section.BOUNDARY,
    "sign_on": Section.BOUNDARY,
    "monthly_budget_usd": Section.BUDGETS,
}
"""Top-level keys of ``alos.yaml``; whatever is not named here takes the sponsor and one other."""
_SECTION_OF_LAST: Mapping[str, Section] = {
    "data_classes": Section.BOUNDARY,
    "monthly_budget_usd": Section.BUDGETS,
}
"""Keys within an entry that are another owner's than the entry."""


def list_changes(
    before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> tuple[ConfigChange, ...]:
    """Compare two sets of files; YAML by its values, so that a comment is no change.

    A comment or a new order of keys changes the digest and no place.
    """
    changes: list[ConfigChange] = []
    for path in sorted(before.keys() | after.keys()):
        if path in {ORGANISATION_FILE, PEOPLE_FILE}:
            changes += _compare_yaml(path, before.get(path, b""), after.get(path, b""))
        elif before.get(path) != after.get(path):
            changes.append(
                ConfigChange(
                    path=path,
                    section=Section.WORKFLOWS,
                    before=_describe(before.get(path)),
                    after=_describe(after.get(path)),
                )
            )
    return tuple(changes)


def get_section(file: str, location: Location) -> Section:
    """The section that a place belongs to."""
    if file != ORGANISATION_FILE or not location:
        return Section.GOVERNANCE
    names = [part for part in location if isinstance(part, str)]
    for name in names[2:]:
        if (found := _SECTION_OF_LAST.get(name)) is not None:
            return found
    return _SECTION_OF_KEY.get(names[0], Section.GOVERNANCE)


def _compare_yaml(file: str, before: bytes, after: bytes) -> Iterator[ConfigChange]:
    old, new = dict(_flatten(_parse(file, before))), dict(_flatten(_parse(file, after)))
    for location in sorted(old.keys() | new.keys(), key=to_key):
        was, now = old.get(location), new.get(location)
        if was != now:
            yield ConfigChange(
                path=f"{file}: {to_key(location)}",
                section=get_section(file, location),
                before=was,
                after=now,
            )


def _parse(file: str, raw: bytes) -> object:
    document, _ = parse_document(file, raw)
    return None if document is None else document.data


def _flatten(value: object, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Every leaf as text; a list of plain values is one leaf, without regard to order."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flatten(inner, (*location, key))
    elif isinstance(value, list) and any(isinstance(one, (dict, list)) for one in value):
        for index, inner in enumerate(value):
            yield from _flatten(inner, (*location, index))
    elif isinstance(value, list):
        yield location, _shorten(", ".join(sorted(map(str, value))) or "(none)")
    elif value is not None or location:
        yield location, _shorten("(empty)" if value in (None, {}) else str(value))


def _shorten(text: str) -> str:
    """Text for people; what is cut keeps its digest, so that two long texts never look equal."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… ({len(text)} characters, {sha256(text.encode()).hexdigest()[:12]})"


def _describe(raw: bytes | None) -> str | None:
    if raw is None:
        return None
    return f"{len(raw)} bytes, sha256 {sha256(raw).hexdigest()[:12]}"
