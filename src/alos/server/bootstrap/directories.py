"""The directory's side: its entries, and the door it provisions people through."""

import asyncio

from alos.control.directory import Directory
from alos.control.notices import Notices
from alos.control.plane import ControlPlane
from alos.directory.scim_door import NOBODY, DirectoryDesk, ScimDoor
from alos.exporters.couriers import StandardCourier
from alos.pipeline.anonymous import Anonymous
from alos.ports.clock import Clock
from alos.providers.credentials import open_credentials
from alos.server.settings import get_environment
from alos.store.directory import StoredDirectory
from alos.store.engine import Store
from alos.store.notices import StoredNotices
from alos.store.sessions import StoredSessions


async def build_directory(store: Store, plane: ControlPlane, clock: Clock) -> Directory:
    """Read the directory's entries and lay its people over those of the files.

    Reads too who is known by an account at an identity provider.

    Raises:
        StoreDown: the store can't be read.
    """
    directory = Directory(
        StoredDirectory(store),
        notes=plane.notes,
        clock=clock,
        filed=lambda: plane.filed_people,
        put_people=plane.put_people,
    )
    await directory.load()
    plane.lay_over(directory.merge)
    plane.bound = await asyncio.to_thread(StoredSessions(store).list_bound)
    return directory


def build_notices(store: Store, plane: ControlPlane, clock: Clock) -> Notices:
    """The notices of this process."""
    open_secret = open_credentials(get_environment())

    def reveal(reference: str) -> str:
        secret = open_secret(reference)
        return secret.reveal() if secret is not None else ""

    return Notices(
        StoredNotices(store),
        StandardCourier(reveal),
        notes=plane.notes,
        clock=clock,
        configuration=lambda: plane.configuration,
    )


def build_scim_door(
    store: Store, directory: Directory, plane: ControlPlane, anonymous: Anonymous, clock: Clock
) -> ScimDoor:
    """The SCIM door of this process."""

    async def refuse(asked: str, by: str, address: str) -> None:
        if by != NOBODY or anonymous.is_recorded(address, now_unix_ns=clock.unix_ns()):
            await plane.note_refusal(asked, by=by)

    desk = DirectoryDesk(
        tokens=lambda: directory.tokens,
        find_person=directory.find_person,
        apply=directory.apply,
        refuse=refuse,
    )
    return ScimDoor(StoredDirectory(store), desk, clock)
