"""What fields of forms may hold that browsers send empty."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator

Day = Annotated[date | None, BeforeValidator(lambda text: text or None), Query()]
"""A UTC day; None where the field was left empty."""
