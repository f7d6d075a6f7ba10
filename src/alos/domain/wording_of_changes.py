"""What the reason codes of votes, releases and waivers say; part of :mod:`alos.domain.wording`."""

from alos.domain.reason import ReasonCode

WORDING_OF_CHANGES: dict[ReasonCode, tuple[str, str]] = {
    ReasonCode.VOTE_NOT_HUMAN: (
        "Only people vote",
        "Log in as yourself; a service account or workload has no vote.",
    ),
    ReasonCode.VOTER_INACTIVE: (
        "The voter is not active in the directory",
        "Have somebody vote who is.",
    ),
    ReasonCode.VOTE_OWN_BUNDLE: (
        "Nobody votes on their own bundle",
        "Ask somebody who neither wrote, committed, submitted nor tried it.",
    ),
    ReasonCode.VOTE_ROLE_NOT_ASKED: (
        "The lane asks for no vote of that role",
        "`alos release show` lists the votes it asks for.",
    ),
    ReasonCode.VOTE_ROLE_NOT_HELD: (
        "The voter does not hold that role",
        "Roles come from the directory's groups; have one of its holders vote.",
    ),
    ReasonCode.VOTE_ROLE_TOO_NEW: (
        "A role gained less than 24 hours ago does not vote yet",
        "Wait until a day has passed, or have another holder vote.",
    ),
    ReasonCode.VOTE_OTHER_DIGEST: (
        "The vote is for another bundle than the one that stands for release",
        "Look at the release again and vote on what it is now.",
    ),
    ReasonCode.VOTE_OTHER_POLICY: (
        "The configuration has changed since the voter was shown it",
        "Look at the release again and vote on what it is now.",
    ),
    ReasonCode.VOTE_OTHER_LANE: (
        "The lane has changed since the voter was shown it",
        "Look at the release again and vote on what it is now.",
    ),
    ReasonCode.VOTE_NO_REASON: (
        "A vote against carries a reason",
        "Say in one sentence what would have to change.",
    ),
    ReasonCode.VOTE_NOT_PERSONAL: (
        "This lane takes personally signed votes only",
        "Sign the statement with your security key, or log in afresh for this vote.",
    ),
    ReasonCode.VOTE_PROOF_BAD: (
        "The personal signature is not yours, over this vote, made just now",
        "Vote again with `alos release vote` and log in yourself when the browser asks.",
    ),
    ReasonCode.VOTE_SAME_PERSON: (
        "One human votes once, whatever the roles and accounts",
        "Have a different person cast the other vote.",
    ),
    ReasonCode.RELEASE_OVER: (
        "This release is over",
        "Submit the bundle again; nothing of the old votes counts for it.",
    ),
    ReasonCode.RELEASE_STAGE_SKIPPED: (
        "Stages are granted in order, and this is not the next one",
        "Grant the next one: internal, then cohort, then all.",
    ),
    ReasonCode.RELEASE_ANOTHER_ROLLING: (
        "Another release of the workflow is being rolled out",
        "Finish it or roll it back first.",
    ),
    ReasonCode.RELEASE_BUNDLE_BLOCKED: (
        "The bundle has problems that block a release",
        "`alos check` lists them; mend them and submit the new bundle.",
    ),
    ReasonCode.RELEASE_TIER_TOO_LOW: (
        "The workflow claims a lower tier than its own facts allow",
        "Raise the tier, or take away what asks for the higher one.",
    ),
    ReasonCode.RELEASE_EVAL_MISSING: (
        "This very digest has no eval run",
        "Run `alos eval gate` for it.",
    ),
    ReasonCode.RELEASE_EVAL_NOT_PASSED: (
        "The newest eval run of this digest did not pass",
        "Mend the bundle; a changed bundle is a new digest and a new run.",
    ),
    ReasonCode.RELEASE_EVAL_STALE: (
        "The eval run of this digest is too old to promote on",
        "Run `alos eval gate` again.",
    ),
    ReasonCode.RELEASE_EVAL_NOT_CI: (
        "From Tier 2 on the passing eval run of this digest has to be CI's, not somebody's own",
        "Run `alos eval gate` in CI by the job's own token (docs/how-to/gate-a-pull-request.md).",
    ),
    ReasonCode.RELEASE_VOTES_MISSING: (
        "Votes that the lane asks for are missing",
        "Ask the holders of the roles named.",
    ),
    ReasonCode.RELEASE_VOTED_AGAINST: (
        "Somebody who may vote is against it",
        "Settle it with them: they can change their vote, or the bundle changes.",
    ),
    ReasonCode.RELEASE_DECISION_MISSING: (
        "The decision log has no filled entry for this change",
        "Write decisions/NNNN-title.md: what changed, why, expected impact, rollback plan.",
    ),
    ReasonCode.RELEASE_DRILL_MISSING: (
        "A drill that this stage asks for was never passed",
        "Run `alos drill KIND WORKFLOW`; where it fails it says which step, and why.",
    ),
    ReasonCode.RELEASE_DRILL_STALE: (
        "A drill that this stage asks for is too old",
        "Run `alos drill` again.",
    ),
    ReasonCode.RELEASE_SANDBOX_MISSING: (
        "A Tier 4 workflow leaves draft only after a sandbox run of this digest",
        "Tools can't be run through the gate yet, so this one stays a draft.",
    ),
    ReasonCode.RELEASE_NO_ROLLBACK: (
        "There is no digest to roll back to",
        "Get another digest live first, or stop the workflow with `alos kill`.",
    ),
    ReasonCode.RELEASE_WAIVER_ENDED: (
        "A waiver that the release rests on is missing or has ended",
        "Remove the need for it, or have it granted again with an end.",
    ),
    ReasonCode.RELEASE_NOT_CONSULTED: (
        "Somebody who must be consulted has neither answered nor run out of time",
        "Ask them to answer; after the deadline their silence no longer holds it up.",
    ),
    ReasonCode.RELEASE_SOAKING: (
        "The stage before has not soaked long enough",
        "Wait until the time named.",
    ),
    ReasonCode.RELEASE_HALTED: (
        "A guard has halted the rollout",
        "Look into what it saw; then resume or roll back.",
    ),
    ReasonCode.WAIVER_ENDED: (
        "A waiver that this workflow rests on has ended",
        "Ask its owner to remove the need for it, or to have it granted again with an end.",
    ),
    ReasonCode.WAIVER_UNKNOWN: (
        "There is no such waiver to do that with",
        "`alos waiver list` shows them and where each stands.",
    ),
    ReasonCode.WAIVER_OWN: (
        "Nobody grants a waiver that they asked for",
        "Have the security owner's deputy grant it, or somebody else ask for it.",
    ),
    ReasonCode.WAIVER_TOO_LONG: (
        "A waiver has an end that is near enough",
        "Ask for one that ends sooner; it can be asked for again.",
    ),
    ReasonCode.WAIVER_RENEWED_TOO_OFTEN: (
        "A waiver is renewed once; after that it is the executive sponsor's to grant",
        "Remove the need for it, or take it to the sponsor.",
    ),
    ReasonCode.ACCESS_ARTIFACTS_MISSING: (
        "More people get a workflow only once it has all that its first release needed",
        "Do what is said of each missing artifact, then ask again.",
    ),
}
