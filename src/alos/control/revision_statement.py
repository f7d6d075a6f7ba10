"""The signed statement of a config revision: what was applied, by whose consent."""

from hashlib import sha256
from typing import Any

from alos.domain.revision import ConfigPlan, Revision


def write_revision_statement(
    revision: Revision, plan: ConfigPlan | None, previous: Revision | None, *, dev: bool
) -> dict[str, Any]:
    """The JSON object to sign; ``plan`` is ``None`` for the first revision, which a start made.

    Times are unix seconds. ``previous`` is the hex SHA-256 of the envelope before, so that the
    revisions form a chain.
    """
    approvals = plan.approvals if plan is not None else ()
    return {
        "kind": "config-revision",
        "version": 1,
        "dev": dev,
        "number": revision.number,
        "digest": revision.digest,
        "files": dict(revision.files),
        "previous": "" if previous is None else sha256(previous.envelope.encode()).hexdigest(),
        "applied_at_unix": revision.applied_at_unix,
        "founding": plan is None,
        "proposed_by": plan.proposed_by if plan is not None else "",
        "sections": sorted(plan.sections) if plan is not None else [],
        "approvals": [
            {
                "by": one.by,
                "at_unix": one.at_unix,
                "sections": sorted(one.gives),
                "known_by": dict(one.known_by),
            }
            for one in approvals
        ],
    }
