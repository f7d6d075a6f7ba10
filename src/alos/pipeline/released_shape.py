"""Whether a call has the shape that its release declares, and what is done where it has not."""

from typing import NamedTuple

from alos.domain.refusal import ReasonCode, Refusal
from alos.domain.request import Request
from alos.domain.shape import list_differences, list_left_out
from alos.domain.standing import StandingWorkflow
from alos.pipeline.prompts import STRICT_TIER, generates


class Fit(NamedTuple):
    """How a call that may go on fits.

    Attributes:
        differs: by commas, in what it is of another shape; for the record.
        left_out: declared numbers that have to be set in what is sent.
    """

    differs: str = ""
    left_out: tuple[tuple[str, float], ...] = ()


_FITS = Fit()


def check_shape(workflow: StandingWorkflow, request: Request) -> Fit | Refusal:
    """Refuse another shape from :data:`STRICT_TIER` on; below, name what differs.

    A strict tier has the numbers that a caller leaves out set to what the golden set was run
    with: a provider's own default is as much another shape as a number out of range.
    """
    shape = workflow.shape
    if shape is None or not generates(request):
        return _FITS
    found = list(list_differences(shape, request.document, request.offered))
    if workflow.tier < STRICT_TIER:
        return Fit(",".join(sorted({one.name for one in found}))) if found else _FITS
    if found:
        return Refusal(code=ReasonCode.SHAPE_NOT_RELEASED, detail=found[0].why)
    return Fit(left_out=list_left_out(shape, request.document)) if shape.parameters else _FITS
