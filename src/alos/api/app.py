"""The management API (FastAPI); not on the path of a call.

Until people can log in it listens on the local socket only, and whoever may open that socket
(mode 0600, so the gateway's own user) is recorded as ``local-operator``. A production folder's
socket takes nothing but status, kill and revoke.
"""

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from alos.api.access import build_refuser
from alos.api.directory import add_directory
from alos.api.keys import add_keys
from alos.api.scan import add_scan
from alos.api.status import add_status
from alos.api.stops import add_stops
from alos.checks.base import ScannerFault
from alos.checks.catalogue import Scanner
from alos.control.directory import Directory
from alos.control.plane import ChangeRefused, ControlPlane
from alos.domain.fault import Fault


def build_api(plane: ControlPlane, scanner: Scanner, directory: Directory) -> FastAPI:
    """The application; its OpenAPI document is the contract.

    Args:
        plane: what is managed.
        scanner: the detectors of the call path, used from the loop's thread as there.
        directory: whose tokens are managed here.
    """
    app = FastAPI(
        title="ALOS management API",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(ChangeRefused, build_refuser(plane))
    app.add_exception_handler(Fault, _report_fault)
    app.add_exception_handler(ScannerFault, _report_fault)
    add_status(app, plane)
    add_keys(app, plane)
    add_directory(app, plane, directory)
    add_stops(app, plane)
    add_scan(app, plane, scanner)
    return app


async def _report_fault(_request: Request, error: Exception) -> Response:
    message = f"a part of the gateway is down ({type(error).__name__}); nothing was changed"
    return JSONResponse({"error": {"message": message}}, status_code=503)
