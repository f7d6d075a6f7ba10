"""The management API (FastAPI); not on the path of a call.

One application for two ways in: the public port, where people and machines say who they are,
and the local socket, where whoever may open it is the ``local-operator``. Who may do what is
one table, :mod:`alos.domain.authorization`, for both.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from alos.api.access import build_refuser
from alos.api.access_requests import add_access_requests
from alos.api.bodies import add_bodies
from alos.api.bundles import add_bundles
from alos.api.calibrations import add_calibrations
from alos.api.calls import add_calls
from alos.api.config import add_config
from alos.api.custody import add_custody
from alos.api.dev_clock import add_dev_clock
from alos.api.directory import add_directory
from alos.api.document import complete_document
from alos.api.drills import add_drills
from alos.api.evals import add_evals
from alos.api.feedback import add_feedback
from alos.api.flags import add_flags
from alos.api.held import add_held
from alos.api.keys import add_keys
from alos.api.leaks import add_leaks
from alos.api.outlook import add_outlook
from alos.api.parts import Parts
from alos.api.people import add_people
from alos.api.policy import add_policy
from alos.api.releases import add_releases
from alos.api.scan import add_scan
from alos.api.sessions import add_sessions
from alos.api.sign_on import add_sign_on
from alos.api.status import add_status
from alos.api.stops import add_stops
from alos.api.tokens import add_tokens
from alos.api.upstreams import add_upstreams
from alos.api.waivers import add_waivers
from alos.checks.base import ScannerFault
from alos.control.plane import ChangeRefused
from alos.domain.fault import Fault, SignOnDown
from alos.domain.reason import ReasonCode
from alos.domain.refusal import Refusal

_MOST_PLACES = 5
_HTTP_CODES = {
    400: ReasonCode.BODY_MALFORMED,
    404: ReasonCode.ENDPOINT_UNKNOWN,
    405: ReasonCode.METHOD_NOT_ALLOWED,
}


def build_api(parts: Parts) -> FastAPI:
    """The application; its OpenAPI document is the contract."""
    app = FastAPI(
        title="ALOS management API",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.authenticate = parts.authenticate
    refuse = build_refuser(
        parts.plane, parts.strangers, clock=parts.clock, status_of=parts.status_of
    )
    app.add_exception_handler(ChangeRefused, refuse)
    app.add_exception_handler(RequestValidationError, _say_what_is_malformed)
    for status in _HTTP_CODES:
        app.add_exception_handler(status, _build_http_refuser(status))
    app.add_exception_handler(Fault, _report_fault)
    app.add_exception_handler(ScannerFault, _report_fault)
    add_status(app, parts.plane)
    add_sessions(app, parts)
    add_sign_on(app, parts)
    add_keys(app, parts.plane)
    add_leaks(app, parts.plane, parts.clock)
    add_directory(app, parts.plane, parts.directory)
    add_config(app, parts.revisions)
    add_people(app, parts.plane, parts.notices, parts.clock)
    add_stops(app, parts.plane, parts.revivals, parts.radii)
    add_bundles(app, parts.plane, parts.desk.bundles)
    add_releases(app, parts.desk, parts.sign_on.ballots)
    add_outlook(app, parts.desk, parts.evals)
    add_drills(app, parts.desk, parts.drills)
    add_dev_clock(app, parts.plane, parts.desk)
    add_calls(app, parts.plane, parts.custody)
    add_feedback(app, parts.plane, parts.custody, parts.feedback)
    add_bodies(app, parts.plane, parts.custody)
    add_custody(app, parts.custody)
    add_waivers(app, parts.plane, parts.desk.waivers)
    add_access_requests(app, parts.plane, parts.access_requests)
    add_flags(
        app,
        lambda: parts.plane.standing,
        lambda: parts.plane.configuration.people,
        parts.clock,
    )
    add_scan(app, parts.scanner)
    add_tokens(app, parts.plane, parts.custody)
    add_policy(app, parts.plane, parts.custody.trials, parts.clock)
    add_upstreams(app, parts.upstreams)
    add_held(app, parts.plane, parts.held)
    add_evals(app, parts.evals, parts.plane)
    add_calibrations(app, parts.evals, parts.plane)
    complete_document(app)
    return app


async def _say_what_is_malformed(_request: Request, error: Exception) -> Response:
    """Name the places and what is wrong there; the value itself may be a secret."""
    assert isinstance(error, RequestValidationError)
    places = [
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
    ]
    message = "; ".join(places[:_MOST_PLACES])
    return _answer(422, ReasonCode.BODY_MALFORMED, message)


def _build_http_refuser(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def refuse(_request: Request, _error: Exception) -> Response:
        code = _HTTP_CODES[status]
        return _answer(status, code, Refusal(code=code).sentence)

    return refuse


def _answer(status: int, code: ReasonCode, message: str) -> Response:
    return JSONResponse({"error": {"code": code.value, "message": message}}, status_code=status)


async def _report_fault(_request: Request, error: Exception) -> Response:
    if isinstance(error, SignOnDown):
        code = ReasonCode.SIGN_ON_DOWN
        return _answer(503, code, Refusal(code=code).sentence)
    message = f"a part of the gateway is down ({type(error).__name__}); nothing was changed"
    return _answer(503, ReasonCode.FAULT, message)
