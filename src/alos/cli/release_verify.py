"""``alos release verify``: the votes of a release, checked offline."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from alos.cli.client import EXIT_NO, EXIT_USAGE
from alos.control.ballots import check_personal, has_key
from alos.control.voting import ADDED
from alos.ledger.note import NoteMalformedError, VerifyKey
from alos.ledger.statement import StatementBadError, hash_payload, open_statement


def verify(
    file: Annotated[Path, typer.Argument(help="What `alos release show --json` printed.")],
    key: Annotated[list[str], typer.Option(help="The installation's public key; repeat it.")],
    issuer_keys: Annotated[
        Path | None,
        typer.Option(help="The identity provider's key set (JWKS), got from the provider itself."),
    ] = None,
) -> None:
    """Check the votes of a release offline: each signature, and what each voter was shown.

    A personal signature is checked under the provider's key that is kept with the vote; with
    `--issuer-keys` that key has to be in the provider's own set, and then nobody who holds the
    installation's key can have made the vote up.
    """
    try:
        issuers = json.loads(issuer_keys.read_text(encoding="utf-8")) if issuer_keys else None
        found = json.loads(file.read_text(encoding="utf-8"))
        trusted = [VerifyKey.parse(one) for one in key]
        votes = found["votes"]
    except (OSError, ValueError, KeyError, NoteMalformedError) as error:
        typer.echo(f"{file} or a key can't be read: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    bad = 0
    for one in votes:
        says = _check_vote(one, found, trusted, issuers)
        bad += bool(says)
        how = f"holds, {one['signature']}"
        typer.echo(f"{'✗' if says else '✓'} {one['voter']} as {one['role']}: {says or how}")
    if bad or not votes:
        typer.echo(f"{bad} of {len(votes)} votes do not hold.", err=True)
        raise typer.Exit(EXIT_NO)


def _check_vote(
    vote: dict[str, Any], found: dict[str, Any], trusted: list[VerifyKey], issuers: Any
) -> str:
    """Why a vote does not hold; empty where it does."""
    try:
        said = open_statement(vote["envelope"], trusted).content
    except StatementBadError as error:
        return str(error)
    expected = {
        "release": found["id"],
        "digest": found["digest"],
        "voter": vote["voter"],
        "role": vote["role"],
        "vote": "approve" if vote["approves"] else "reject",
    }
    wrong = [name for name, value in expected.items() if said.get(name) != value]
    if wrong:
        return f"the signed statement has another {', '.join(wrong)}"
    kept = said.get("personal") or {}
    if bool(kept) != (vote["signature"] == "personal"):
        return f"it is not {vote['signature']}"
    if not kept:
        return ""
    hashed = hash_payload({name: value for name, value in said.items() if name not in ADDED})
    if issuers is not None and not has_key(issuers, kept.get("key")):
        return "its key is none of the identity provider's"
    return check_personal(kept, hashed)
