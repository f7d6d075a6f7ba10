"""Flags over OFREP: whether a workflow serves a unit now, for any OpenFeature client.

The flag of a workflow is on where the gate would serve the unit: granted stage, bucket, kill
switch, waivers. There is no second switch: `alos kill` turns the flag off. Protocol: OpenFeature
Remote Evaluation Protocol 0.2 (https://github.com/open-feature/protocol).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from alos.domain.gate import check_serve, check_waivers, choose_release
from alos.domain.ids import PersonId, WorkflowId
from alos.domain.people import People
from alos.domain.refusal import Refusal
from alos.domain.rollout import BUCKET_ALGORITHM, Unit, get_bucket
from alos.domain.standing import KeyGrant, Standing, StandingWorkflow
from alos.pipeline.identify import identify
from alos.ports.clock import Clock

_MOST_BYTES = 65_536
GetStanding = Callable[[], Standing]


def add_flags(
    app: FastAPI, get_standing: GetStanding, get_people: Callable[[], People], clock: Clock
) -> None:
    """Add both endpoints; callers bring a key of ours, and see that key's workflows only."""
    flags = _Flags(get_standing, get_people, clock)

    @app.post("/ofrep/v1/evaluate/flags/{key}", include_in_schema=False)
    async def evaluate_flag(key: str, request: Request) -> Response:
        """Evaluate one flag."""
        asked = await flags.read(request)
        if isinstance(asked, Response):
            return asked
        grant, context = asked
        workflow = flags.find(grant, key)
        if workflow is None:
            return JSONResponse({"key": key, "errorCode": "FLAG_NOT_FOUND"}, status_code=404)
        return JSONResponse(flags.evaluate(workflow, context))

    @app.post("/ofrep/v1/evaluate/flags", include_in_schema=False)
    async def evaluate_flags(request: Request) -> Response:
        """Evaluate every flag of the key's workflows; an ETag spares an unchanged answer."""
        asked = await flags.read(request)
        if isinstance(asked, Response):
            return asked
        grant, context = asked
        body = {"flags": [flags.evaluate(one, context) for one in flags.list(grant)]}
        etag = f'"{hashlib.sha256(json.dumps(body).encode()).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"etag": etag})
        return JSONResponse(body, headers={"etag": etag})


class _Flags:
    """Evaluates against the Standing in force."""

    def __init__(
        self, get_standing: GetStanding, get_people: Callable[[], People], clock: Clock
    ) -> None:
        self._get_standing = get_standing
        self._get_people = get_people
        self._clock = clock

    async def read(self, request: Request) -> tuple[KeyGrant, Mapping[str, Any]] | Response:
        """The caller's key and the evaluation context, or the protocol's error."""
        headers = dict(request.scope["headers"])
        now_unix = self._clock.unix_ns() // 1_000_000_000
        grant = identify(headers, self._get_standing(), now_unix=now_unix)
        if isinstance(grant, Refusal):
            return JSONResponse({"errorDetails": grant.sentence}, status_code=401)
        raw = await request.body()
        try:
            context = json.loads(raw or b"{}")["context"] if len(raw) <= _MOST_BYTES else None
        except (ValueError, KeyError, TypeError):
            context = None
        if not isinstance(context, dict):
            return JSONResponse({"errorCode": "INVALID_CONTEXT"}, status_code=400)
        if not isinstance(context.get("targetingKey"), str):
            return JSONResponse({"errorCode": "TARGETING_KEY_MISSING"}, status_code=400)
        return grant, context

    def list(self, grant: KeyGrant) -> Iterator[StandingWorkflow]:
        """The key's workflows, by slug."""
        workflows = self._get_standing().workflows
        for slug in sorted(grant.workflows):
            if slug in workflows:
                yield workflows[slug]

    def find(self, grant: KeyGrant, flag: str) -> StandingWorkflow | None:
        """The workflow behind a flag's name, or its slug, where the key has it."""
        for workflow in self.list(grant):
            if flag in {workflow.flag, workflow.id}:
                return workflow
        return None

    def evaluate(self, workflow: StandingWorkflow, context: Mapping[str, Any]) -> dict[str, Any]:
        """The protocol's success answer for one flag."""
        name = str(context["targetingKey"])
        person = self._get_people().get_active(PersonId(name))
        unit = Unit(name=name, groups=person.groups if person is not None else frozenset())
        refusal, served = self._ask(workflow, unit)
        return {
            "key": workflow.flag or workflow.id,
            "value": refusal is None,
            "variant": served.release.stage.value if refusal is None else "off",
            "reason": "TARGETING_MATCH" if refusal is None else "DISABLED",
            "metadata": {
                "release": served.release.digest,
                "bucket": get_bucket(WorkflowId(workflow.id), name),
                "algorithm": BUCKET_ALGORITHM,
                **({"why": refusal.code.value} if refusal is not None else {}),
            },
        }

    def _ask(
        self, workflow: StandingWorkflow, unit: Unit
    ) -> tuple[Refusal | None, StandingWorkflow]:
        chosen = choose_release(workflow, unit)
        if isinstance(chosen, Refusal):
            return chosen, workflow
        now_unix = self._clock.unix_ns() // 1_000_000_000
        refusal = check_serve(self._get_standing(), chosen)
        return refusal or check_waivers(chosen, now_unix=now_unix), chosen
