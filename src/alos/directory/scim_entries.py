"""Translates between SCIM resources and directory entries."""

import re
from collections.abc import Mapping
from typing import Any

from scim2_models import Resource, ResourceType

from alos.domain.people import fold_name, to_plain_address
from alos.ports.directory import DirectoryEntry, EntryKind

_KINDS = {"User": EntryKind.USER, "Group": EntryKind.GROUP}
_NAME_ATTRIBUTE = {EntryKind.USER: "username", EntryKind.GROUP: "displayname"}
_SPACES = re.compile(r"\s+")


def to_kind(resource_type: ResourceType) -> EntryKind:
    """The kind of entry that a resource type is kept as."""
    return _KINDS[str(resource_type.name)]


def write_document(resource: Resource[Any]) -> dict[str, Any]:
    """The resource as it is kept: without password, id and meta."""
    document: dict[str, Any] = resource.model_dump(mode="json")
    for name in ("password", "id", "meta", "groups"):
        document.pop(name, None)
    return document


def to_entry(
    kind: EntryKind,
    document: Mapping[str, Any],
    *,
    entry_id: str,
    version: int,
    created_at_unix_ns: int,
    modified_at_unix_ns: int,
) -> DirectoryEntry:
    """Read what we act on out of a document; the person is the caller's to name."""
    is_user = kind is EntryKind.USER
    name = str(document.get("userName" if is_user else "displayName") or "")
    return DirectoryEntry(
        id=entry_id,
        kind=kind,
        name=name if is_user else to_group_name(name),
        title=_get_title(document) or name,
        external_id=str(document.get("externalId") or ""),
        person_id=None,
        addresses=_list_addresses(document) if is_user else (),
        active=document.get("active") is not False if is_user else True,
        members=tuple(
            dict.fromkeys(
                str(member["value"])
                for member in document.get("members") or ()
                if member.get("value")
            )
        ),
        document=document,
        version=version,
        created_at_unix_ns=created_at_unix_ns,
        modified_at_unix_ns=modified_at_unix_ns,
    )


def to_group_name(name: str) -> str:
    """A group's name as ``alos.yaml`` can write it: ``AI Security`` is ``AI-Security``."""
    return _SPACES.sub("-", name.strip())


def list_identities(entry: DirectoryEntry) -> frozenset[str]:
    """Everything that is this entry's alone."""
    identities = {f"{entry.kind}:{fold_name(entry.name)}"} if entry.name else set()
    if entry.external_id:
        identities.add(f"id:{entry.kind}:{entry.external_id}")
    identities |= {f"mail:{to_plain_address(address)}" for address in entry.addresses}
    return frozenset(identities)


def to_identity(kind: EntryKind, attribute: str, value: str) -> str | None:
    """The identity that an equality filter asks for; ``None`` for any other attribute."""
    word = attribute.casefold()
    if word == _NAME_ATTRIBUTE[kind]:
        return f"{kind}:{fold_name(to_group_name(value) if kind is EntryKind.GROUP else value)}"
    if word == "externalid":
        return f"id:{kind}:{value}"
    return None


def _list_addresses(document: Mapping[str, Any]) -> tuple[str, ...]:
    """E-mail addresses, the primary one first; a user name that is one counts."""
    emails = [one for one in document.get("emails") or () if one.get("value")]
    emails.sort(key=lambda one: not one.get("primary"))
    listed = [str(one["value"]) for one in emails]
    name = str(document.get("userName") or "")
    return tuple(dict.fromkeys([*listed, *([name] if "@" in name else [])]))


def _get_title(document: Mapping[str, Any]) -> str:
    name = document.get("name") or {}
    parts = (name.get("givenName"), name.get("familyName"))
    return str(
        document.get("displayName")
        or name.get("formatted")
        or " ".join(part for part in parts if part)
    )
