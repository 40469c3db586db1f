"""What every body that a program sends has in common."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """What a program sends; what it may not say is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
