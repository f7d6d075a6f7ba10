"""What a drill makes of the Standing for its own calls, and for nobody else's."""

import os
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from alos.control.standing import Configuration, Served, compile_served
from alos.domain.bundle import Bundle
from alos.domain.ids import KeyId, ModelName, PrincipalId, RunId, WorkspaceId
from alos.domain.key import make_key
from alos.domain.release_events import DrillKind
from alos.domain.standing import (
    Cap,
    KeyGrant,
    PrincipalKind,
    ReleaseStage,
    Standing,
    StandingRelease,
    StandingWorkflow,
    Stop,
)
from alos.domain.waiver import Waiver
from alos.domain.workflow import FallbackKind

DRILL = "drill"
"""Who calls, and who stops, in a drill."""
DRILL_NANOUSD = 1_000_000_000
"""A drill's calls may cost one dollar, and count under every cap of the workflow besides."""


def _make_key() -> tuple[str, str, bytes]:
    return make_key(os.urandom(40))


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """One drill that runs.

    Attributes:
        bundle: the release that is drilled.
        target: where a rollback goes.
        key: (key, prefix, hash) that its calls bring; good in its own Standing alone.
        is_injected: whether the failure is there.
    """

    run: RunId
    kind: DrillKind
    bundle: Bundle
    target: Bundle | None = None
    key: tuple[str, str, bytes] = field(default_factory=_make_key)
    is_injected: bool = False

    def build_view(
        self,
        standing: Standing,
        configuration: Configuration,
        waivers: Collection[Waiver],
        now_unix: int,
    ) -> Standing:
        """The Standing of its calls: what is in force, one key, one workflow and the failure.

        Every stop, end and revocation in force is in it too, so nothing gets around one.
        """
        is_back = self.is_injected and self.kind is DrillKind.ROLLBACK and self.target is not None
        bundle = self.target if is_back and self.target is not None else self.bundle
        workflow = _compile(bundle, configuration, waivers, now_unix)
        if workflow is None:
            return replace(standing, keys={}, workflows={}, drafts={}, runs={}, drills={})
        cap = Cap(scope=f"run:{self.run}", limit_nanousd=DRILL_NANOUSD)
        workflow = replace(workflow, caps=(*workflow.caps, cap), rate_limits=())
        view = replace(
            standing,
            keys={self.key[1]: self._grant(workflow)},
            workflows={workflow.id: workflow},
            drafts={},
            runs={},
            drills={},
        )
        if not self.is_injected:
            return view
        match self.kind:
            case DrillKind.KILL:
                stop = Stop(
                    kind="workflow",
                    target=workflow.id,
                    since_unix=now_unix,
                    by=DRILL,
                    reason=self.run,
                )
                return replace(view, stopped={**view.stopped, ("workflow", workflow.id): stop})
            case DrillKind.ROLLBACK:
                return replace(view, taken_back=view.taken_back | {self.bundle.digest})
            case DrillKind.FALLBACK:
                down = list_down(workflow, self.bundle)
                models = {
                    name: replace(model, is_down=name in down)
                    for name, model in view.models.items()
                }
                return replace(view, models=models)

    def _grant(self, workflow: StandingWorkflow) -> KeyGrant:
        _, prefix, secret_hash = self.key
        return KeyGrant(
            id=KeyId(DRILL),
            prefix=prefix,
            secret_hash=secret_hash,
            principal=PrincipalId(DRILL),
            principal_kind=PrincipalKind.SERVICE,
            workspace=workflow.workspace,
            workflows=frozenset({workflow.id}),
            default_workflow=workflow.id,
            surface=self.bundle.workflow.surface.name,
            expires_at_unix=None,
            revoked=False,
            active=True,
        )


def list_down(workflow: StandingWorkflow, bundle: Bundle) -> frozenset[ModelName]:
    """The models that do not answer in a fallback drill: all but the one it falls back to."""
    fallback = bundle.workflow.fallback
    larger = {workflow.escalation.model} if workflow.escalation is not None else set()
    names = {*workflow.route, *larger}
    if fallback.kind is FallbackKind.MODEL and fallback.model is not None:
        names.discard(fallback.model)
    return frozenset(names)


def _compile(
    bundle: Bundle, configuration: Configuration, waivers: Collection[Waiver], now_unix: int
) -> StandingWorkflow | None:
    """The bundle as it is served to everybody; ``None`` where its workspace is gone."""
    if WorkspaceId(bundle.workflow.workspace) not in configuration.organisation.workspaces:
        return None
    release = StandingRelease(digest=bundle.digest, stage=ReleaseStage.DRILL)
    return compile_served(
        Served(bundle=bundle, release=release),
        configuration.organisation,
        configuration.people,
        waivers,
        now_unix,
    )
