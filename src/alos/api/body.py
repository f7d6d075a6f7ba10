"""What every request and answer of the management API is made of."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A JSON object; an unknown key is an error, a value is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
