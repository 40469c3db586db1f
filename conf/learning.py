"""What a guard may be trained on: judges that annotate, and rules of hygiene."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(gt=0, le=1)]


class Judge(BaseModel):
    """One judge, `[judges.NAME]`: an OpenAI-compatible vision endpoint, or a checkpoint on this machine.

    Attributes:
        url: of the endpoint, up to what /chat/completions follows; empty: a checkpoint.
        model: its name at the endpoint, or the checkpoint as in `auditor.model`.
        version: of the endpoint's model, such as a date or digest that its operator tells; empty: the name that its
            answers give.
        revision: of a checkpoint, as in `auditor.revision`.
        backend: what runs a checkpoint.
        prompt_file: its annotation prompt; empty: the one that ships with traceaudit.
        key_env: environment variable that holds the endpoint's key; empty: it wants none.
        concurrency: requests under way at a time.
        max_images: of one case.
        max_chars: of one text of a case; of a longer one beginning and end are shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(pattern=r"^(https?://.*)?$")] = ""
    model: str = ""
    version: str = ""
    revision: str = ""
    backend: str = "transformers"
    prompt_file: str = ""
    key_env: str = ""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    timeout_s: Annotated[float, Field(gt=0)] = 300.0
    max_new_tokens: Annotated[int, Field(ge=16)] = 2000
    max_images: Annotated[int, Field(ge=0)] = 4
    max_image_pixels: Annotated[int, Field(ge=1)] = 1_003_520
    max_chars: Annotated[int, Field(ge=100)] = 20_000

    @model_validator(mode="after")
    def is_one(self) -> Self:
        """A judge says where it is."""
        if not (self.url or self.model):
            raise ValueError("a judge needs a url, or a model that runs here")
        return self


class Hygiene(BaseModel):
    """Which reviewed cases a guard may learn from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_items: Annotated[int, Field(ge=2)]
    person_share: Share
    pair_share: Share
    source_share: Share
    floor: Annotated[int, Field(ge=1)]
    near_duplicate: Annotated[float, Field(ge=0.5, le=1)]
    max_near_duplicates: Annotated[int, Field(ge=1)]
    gold_share: Annotated[float, Field(ge=0, le=0.5)]
    frozen_share: Annotated[float, Field(ge=0, le=1)]
