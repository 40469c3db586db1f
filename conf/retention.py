"""How long what is stored is kept: days for each class of it, for all tenants and for one."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Days = Annotated[int, Field(ge=0, le=36_500)]

EVIDENCE_DAYS = 183  # six months: AI Act (Regulation (EU) 2024/1689), Articles 19 and 26(6)


class TenantPeriods(BaseModel):
    """What one tenant's periods change; what is not said stays as it is for all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw: Days | None = None
    image: Days | None = None
    text: Days | None = None
    verdict: Days | None = None
    review: Days | None = None
    evidence: Days | None = None


class Retention(BaseModel):
    """Days after which what is stored is deleted, by class; 0: never.

    Attributes:
        raw: bytes of records: of dead letters, of messages that the sink could not read, of ranges that wait.
        image: image files.
        text: question, thinking, answer, context, system prompt and tool calls, and the analyses of verdicts.
        verdict: verdicts; what is left of a triple without texts, verdicts and votes goes then too.
        review: rationales and corrected analyses.
        evidence: the files of reports and bundles.
        rewrite_days: after how many days at most the file is written anew, so that its free blocks hold nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw: Days
    image: Days
    text: Days
    verdict: Days
    review: Days
    evidence: Days
    rewrite_days: Annotated[int, Field(ge=0, le=366)]
    tenants: Mapping[str, TenantPeriods]
