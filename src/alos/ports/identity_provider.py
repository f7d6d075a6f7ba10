"""How the control plane reaches an identity provider; the only network that sign-on uses."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol


class ProviderAnswer(NamedTuple):
    """What a provider answered.

    Attributes:
        body: the decoded JSON object.
    """

    status: int
    body: Mapping[str, Any]


class IdentityProviders(Protocol):
    """HTTP to addresses that come from the configuration or from an issuer's own document.

    Bounded in time and size; follows no redirect; every method raises ``SignOnDown`` where there
    is no answer or none that is a JSON object.
    """

    async def get(
        self, url: str, *, ca_file: str | None = None, bearer: str | None = None
    ) -> ProviderAnswer:
        """Fetch a document; ``bearer`` goes into ``Authorization``."""

    async def post(
        self,
        url: str,
        form: Mapping[str, str],
        *,
        ca_file: str | None = None,
        basic: tuple[str, str] | None = None,
    ) -> ProviderAnswer:
        """Send a form; ``basic`` is the client's id and secret for HTTP Basic."""
