"""What each reason code says: what happened, and what to do about it."""

from alos.domain.reason import ReasonCode
from alos.domain.wording_of_changes import WORDING_OF_CHANGES

WORDING: dict[ReasonCode, tuple[str, str]] = {
    ReasonCode.KEY_MISSING: (
        "The request carries no key",
        "Send `Authorization: Bearer <key>`; create one with `alos key create`.",
    ),
    ReasonCode.KEY_UNKNOWN: (
        "The key is not one of ours",
        "Check that it was copied whole, or create one with `alos key create`.",
    ),
    ReasonCode.KEY_REVOKED: (
        "The key was revoked",
        "Ask the workflow's operational owner for a new one.",
    ),
    ReasonCode.KEY_EXPIRED: (
        "The key has expired",
        "Create a new one with `alos key create`.",
    ),
    ReasonCode.PRINCIPAL_INACTIVE: (
        "The key belongs to somebody who is no longer active",
        "Ask the workflow's operational owner for a key of your own.",
    ),
    ReasonCode.NOT_SIGNED_IN: (
        "Nobody is signed in",
        "Run `alos login`, or send a session's or a workload's token as `Authorization: Bearer`.",
    ),
    ReasonCode.SESSION_ENDED: (
        "The session has ended or was never one of ours",
        "Run `alos login` again.",
    ),
    ReasonCode.TOKEN_BAD: (
        "The token is not good",
        "Get a fresh one from its issuer, made out to this installation's audience.",
    ),
    ReasonCode.ISSUER_UNKNOWN: (
        "The token's issuer is not one that this organisation trusts",
        "Sign in with the organisation's own provider; `sign_on` in alos.yaml lists them.",
    ),
    ReasonCode.PERSONAL_ACCOUNT: (
        "This is a personal account, and those are not allowed here",
        "Sign in with the account that the organisation gave you.",
    ),
    ReasonCode.LOGIN_BAD: (
        "The login does not belong to one that was begun here, or is too old",
        "Begin again with `alos login`.",
    ),
    ReasonCode.PERSON_UNKNOWN: (
        "The directory has no active person with this account",
        "Ask for the account to be provisioned; nobody is added by logging in.",
    ),
    ReasonCode.ORIGIN_FOREIGN: (
        "The request comes from another site, or lacks the session's own token",
        "Send it from this installation's own pages, with the header `x-alos-csrf`.",
    ),
    ReasonCode.NOT_PERMITTED: (
        "You may not do that",
        "Ask somebody who may; the authorization reference lists who.",
    ),
    ReasonCode.CHANGE_REFUSED: (
        "The rules do not allow this change",
        "Do what the message says first, or leave it as it is.",
    ),
    ReasonCode.SIGN_ON_DOWN: (
        "The identity provider can't be reached, so nobody new can sign in",
        "Try again later; sessions, keys, kill and revoke go on working.",
    ),
    ReasonCode.ENDPOINT_UNKNOWN: (
        "There is nothing at this path",
        "Check the base URL; the served paths are listed in the HTTP reference.",
    ),
    ReasonCode.METHOD_NOT_ALLOWED: (
        "This path does not take that method",
        "Use the method given in the HTTP reference.",
    ),
    ReasonCode.BODY_TIMEOUT: (
        "The request body did not arrive in time",
        "Send it again over a connection that does not stall.",
    ),
    ReasonCode.BODY_TOO_LARGE: (
        "The request body is larger than the gateway accepts",
        "Send less in one call.",
    ),
    ReasonCode.BODY_MALFORMED: (
        "The request body can't be read",
        "Mend the body as said and send it again.",
    ),
    ReasonCode.FIELD_UNKNOWN: (
        "The request has a field that the gateway does not know, and this tier refuses those",
        "Leave the field out, or ask the gateway owner to have it added.",
    ),
    ReasonCode.OUTPUT_LIMIT: (
        "The request asks for more output than the workflow allows",
        "Ask for less, or have `limits.max_output_tokens` raised by a new release.",
    ),
    ReasonCode.IDEMPOTENCY_OTHER_REQUEST: (
        "This Idempotency-Key came with another request before",
        "Use a new key for each request, and the same one only to repeat it unchanged.",
    ),
    ReasonCode.IDEMPOTENCY_RUNNING: (
        "The first call with this Idempotency-Key has not ended",
        "Wait as long as Retry-After says, then send it again.",
    ),
    ReasonCode.IDEMPOTENCY_NOT_KEPT: (
        "The call with this Idempotency-Key was answered, and its answer is not kept any more",
        "Use a new key to have the request made once more.",
    ),
    ReasonCode.WORKFLOW_NOT_ON_KEY: (
        "This key may not be used for that workflow",
        "Use a key whose allow-list names the workflow, or leave the selection out.",
    ),
    ReasonCode.WORKFLOW_NOT_REGISTERED: (
        "The workflow is not registered",
        "Write its bundle, run `alos check`, and have it applied.",
    ),
    ReasonCode.WORKFLOW_NO_OWNER: (
        "The workflow has no active accountable owner",
        "Name an active person as accountable in workflow.yaml.",
    ),
    ReasonCode.WORKFLOW_STOPPED: (
        "The workflow is stopped by its kill switch",
        "Use the documented fallback; its operational owner can say when it is back.",
    ),
    ReasonCode.TOOL_STOPPED: (
        "A tool of this call is stopped by its kill switch",
        "Send the call without that tool; whoever stopped it can say when it is back.",
    ),
    ReasonCode.NOT_RELEASED: (
        "This version of the workflow has not been released",
        "Take the bundle through its release lane first.",
    ),
    ReasonCode.RELEASE_UNKNOWN: (
        "No uploaded bundle has the digest in x-alos-release",
        "Leave the header out, or upload the bundle first.",
    ),
    ReasonCode.PROMPT_NOT_RELEASED: (
        "The workflow runs only its released prompts, and this is none of them",
        "Name one in `alos.prompt`, send its text unchanged, or have yours released.",
    ),
    ReasonCode.SHAPE_NOT_RELEASED: (
        "The workflow runs only with the tools and parameters of its release, and these differ",
        "Send them as `tools` and `parameters` of workflow.yaml say, or have yours released.",
    ),
    ReasonCode.DRAFT_NOT_ALLOWED: (
        "This key may not call a draft",
        "Use a personal key of the workflow; upload the bundle again where its 14 days are over.",
    ),
    ReasonCode.RUN_UNKNOWN: (
        "No run of this key with the id in x-alos-run is open",
        "Start one with `alos eval run`; call under the key and release it was started for.",
    ),
    ReasonCode.RUN_INPUT: (
        "The body is not the input of the case in x-alos-case",
        "Send the bytes that the run gave for the case; nothing else counts as an eval call.",
    ),
    ReasonCode.MODEL_NOT_ALLOWED: (
        "The workflow may not use the model that was asked for",
        "Leave `model` as `workflow/<slug>`, or name a model of the workflow's route.",
    ),
    ReasonCode.MODEL_WIRE_FORMAT: (
        "No model of the workflow's route speaks this endpoint's wire format",
        "Use the endpoint that the models speak, or add a model that speaks this one.",
    ),
    ReasonCode.VENDOR_NOT_APPROVED: (
        "The vendor is not on the approved list",
        "Ask the gateway owner to have it approved, or use an approved model.",
    ),
    ReasonCode.REGION_NOT_ALLOWED: (
        "No model of the route is in a region that the workflow allows",
        "Use a model in an allowed region, or have `models.regions` changed by a new release.",
    ),
    ReasonCode.VENDOR_APPROVAL_ENDED: (
        "The approval of the vendor or model has ended",
        "Ask the gateway owner to renew the approval, or use another approved model.",
    ),
    ReasonCode.VENDOR_RETENTION: (
        "The model's vendor keeps what it is sent for longer than this workflow allows",
        "Use another model of the workflow, or have a shorter term agreed with the vendor.",
    ),
    ReasonCode.RETENTION_UNDECIDED: (
        "Nobody has decided yet for how long prompts, answers and records are kept",
        "Have body_days and record_days entered under retention in alos.yaml.",
    ),
    ReasonCode.SECRET_FOUND: (
        "The request contains a credential",
        "Remove it, treat it as leaked and rotate it; nothing was sent to the model.",
    ),
    ReasonCode.PII_FOUND: (
        "The request contains personal data that no model of the route is approved for",
        "Remove it, or use a workflow whose models are approved for it.",
    ),
    ReasonCode.FORBIDDEN_INPUT: (
        "The request contains an input that the workflow's boundary forbids",
        "Remove it; the workflow's policy page lists what may be sent.",
    ),
    ReasonCode.PART_OPAQUE: (
        "The request has a part that no detector can read",
        "Send it as text, or have the workflow's boundary allow that kind of part.",
    ),
    ReasonCode.PART_HOSTED: (
        "The request asks for something that would run or be stored at the provider",
        "Leave it out, or have the workflow's boundary allow it.",
    ),
    ReasonCode.ANSWER_BLOCKED: (
        "The model's answer contained something that must not pass, and was withheld",
        "Rephrase the request; the call's record names the rule.",
    ),
    ReasonCode.BUDGET_EXCEEDED: (
        "The call could cost more than is left of a budget",
        "Ask the workspace's owner to raise the budget, or wait for the next month.",
    ),
    ReasonCode.PRICE_UNKNOWN: (
        "The price of something this call would use is not known",
        "Ask the gateway owner to add the price; unpriced is never free.",
    ),
    ReasonCode.RATE_LIMITED: (
        "Too many requests in this minute",
        "Wait as long as Retry-After says.",
    ),
    ReasonCode.UPSTREAM_FAILED: (
        "No model of the route gave a usable answer",
        "Try again later; the call's record names each attempt.",
    ),
    ReasonCode.UPSTREAM_TIMEOUT: (
        "No model of the route answered in time",
        "Try again later, or ask for less output.",
    ),
    ReasonCode.UPSTREAM_BUSY: (
        "Every model of the route says that it is busy",
        "Wait as long as Retry-After says.",
    ),
    **WORDING_OF_CHANGES,
    ReasonCode.NOT_IN_STAGE: (
        "The workflow is being rolled out and does not serve this unit yet",
        "Use the documented fallback until its stage reaches you.",
    ),
    ReasonCode.UPSTREAM_FULL: (
        "Every connection to the vendors of the route is in use",
        "Wait as long as Retry-After says; the gateway owner can raise `connections.most`.",
    ),
    ReasonCode.UPSTREAM_PAUSED: (
        "Every model of the route has failed again and again and is left alone for a while",
        "Wait as long as Retry-After says; `alos upstreams` shows the reason.",
    ),
    ReasonCode.JOURNAL_DOWN: (
        "The call can't be recorded, so it is not made",
        "Tell the gateway's operator: the journal's disk is full, read-only or failing.",
    ),
    ReasonCode.VAULT_DOWN: (
        "The prompt and the answer can't be kept, and this workflow has to keep them",
        "Tell the gateway's operator: the vault's disk or its master key is out of reach.",
    ),
    ReasonCode.COUNTERS_DOWN: (
        "The budgets can't be checked, so the call is not made",
        "Tell the gateway's operator: the counters are unreachable.",
    ),
    ReasonCode.SCANNER_DOWN: (
        "The request can't be checked, so it is not sent",
        "Tell the gateway's operator: a detector failed.",
    ),
    ReasonCode.STANDING_STALE: (
        "The gateway's view of what is allowed is too old",
        "Tell the gateway's operator: the control store is unreachable.",
    ),
    ReasonCode.CLOCK_BEHIND: (
        "The gateway's clock is behind its own records",
        "Tell the gateway's operator to set the clock.",
    ),
    ReasonCode.OVERLOADED: (
        "The gateway has as many calls in hand as it can hold",
        "Wait as long as Retry-After says.",
    ),
    ReasonCode.FAULT: (
        "Something in the gateway failed, so the call was refused",
        "Try again; if it stays, give the call id to the gateway's operator.",
    ),
}
