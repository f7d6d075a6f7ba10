"""The kinds of identifier that the product speaks of; never a bare ``str``."""

from typing import NewType

BodyReference = NewType("BodyReference", str)
"""Where a body stands in the vault; plain and safe to print (`docs/reference/vault-format.md`)."""
CallId = NewType("CallId", str)
"""``call_`` + 26 Crockford base32 characters that sort by time of arrival."""
Digest = NewType("Digest", str)
"""``sha256:`` + 64 lower-case hexadecimal characters."""
Epoch = NewType("Epoch", int)
"""Number of a Standing; grows by one with each swap in this process."""
KeyId = NewType("KeyId", str)
"""``key_`` + random; safe to print, unlike the key."""
ModelName = NewType("ModelName", str)
"""The name an organisation gives a model in ``alos.yaml``."""
PersonId = NewType("PersonId", str)
"""The directory's id of a person."""
PrincipalId = NewType("PrincipalId", str)
"""A person's id, or a service account's."""
RunId = NewType("RunId", str)
"""``run_`` + random: an eval or drill run, issued by the control plane."""
TaskId = NewType("TaskId", str)
VendorName = NewType("VendorName", str)
WorkflowId = NewType("WorkflowId", str)
"""The workflow's slug: lower-case letters, digits and hyphens."""
WorkspaceId = NewType("WorkspaceId", str)
WriterId = NewType("WriterId", str)
"""One process that writes a journal; new at every start."""
