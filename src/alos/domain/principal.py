"""Who is calling the management API: one value that every door makes and every rule reads."""

from dataclasses import dataclass, field
from enum import StrEnum

from alos.domain.ids import PersonId, PrincipalId, WorkspaceId
from alos.domain.people import Role

LOCAL_OPERATOR = PrincipalId("local-operator")
"""Whoever may open the 0600 socket in the data folder; the machine's word, not a person's."""
SETUP = PrincipalId("set-up")
"""Whoever holds the one-time token that the first start printed."""


class CallerKind(StrEnum):
    """What a principal is."""

    PERSON = "person"
    SERVICE_ACCOUNT = "service_account"
    """Known by a key of its own."""
    WORKLOAD = "workload"
    """A service account known by an OIDC token of where it runs, without a key."""
    LOCAL_OPERATOR = "local_operator"
    SETUP = "setup"


class Method(StrEnum):
    """How we know who it is."""

    SESSION_COOKIE = "session_cookie"
    ACCESS_TOKEN = "access_token"  # noqa: S105 - a name, not a token
    """What ``alos login`` keeps: a session's token sent as a bearer."""
    WORKLOAD_TOKEN = "workload_token"  # noqa: S105 - a name, not a token
    LOCAL_SOCKET = "local_socket"
    SETUP_TOKEN = "setup_token"  # noqa: S105 - a name, not a token
    PERSONA = "persona"
    """A labelled demo person of a dev folder; nothing of it is production evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """How somebody was known, in the words that a vote or a record may name later.

    Attributes:
        issuer: the OIDC issuer's URL; empty where no issuer spoke.
        subject: the issuer's stable id of the person or workload; empty without an issuer.
        auth_time_unix: when the issuer saw the person, in seconds (``auth_time``, else the time
            of the login); the time of the request for those that log in nowhere.
        session_id: our own id of the session (never its token); empty without a session.
        grant: what a workload calls under, as the Standing names it; empty for all others.
    """

    method: Method
    issuer: str = ""
    subject: str = ""
    auth_time_unix: int = 0
    session_id: str = ""
    grant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is calling, as resolved for this one request.

    Roles and workspaces are read from the directory at the moment of the request; nothing of
    them is kept in a session.

    Attributes:
        id: a person's or service account's id, ``local-operator`` or ``set-up``.
        roles: roles held now, those of a deputy in a deputy's days included.
        workspaces: those whose group the person is in, or that the person owns.
        dev: the data folder was born as a dev folder; only there is the local operator free.
    """

    id: PrincipalId
    kind: CallerKind
    authentication: Authentication
    roles: frozenset[Role] = field(default=frozenset())
    workspaces: frozenset[WorkspaceId] = field(default=frozenset())
    dev: bool = False

    @property
    def person(self) -> PersonId | None:
        """The person's id; None for machines, the local operator and set-up, who never vote."""
        return PersonId(self.id) if self.kind is CallerKind.PERSON else None


def build_local_operator(*, dev: bool) -> Principal:
    """The principal behind the local socket."""
    return Principal(
        id=LOCAL_OPERATOR,
        kind=CallerKind.LOCAL_OPERATOR,
        authentication=Authentication(method=Method.LOCAL_SOCKET),
        dev=dev,
    )
