"""How a run trains: every knob of the stages, read from one TOML file, with ranges and units."""

import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator

from conf.errors import ConfigError
from conf.schema import Auditor, Count, Fraction, Section, load

Positive = Annotated[float, Field(gt=0)]
DEFAULT = Path(__file__).parent.parent / "conf" / "train" / "default.toml"


class Adapter(Section):
    """The low-rank adapter (arXiv 2106.09685) that is trained where the method is "lora".

    Attributes:
        rank: of each pair of matrices.
        alpha: their product is scaled by alpha / rank.
        dropout: on what goes into them; preference stages have none.
        targets: names of the linear layers of the language model that get one.
    """

    rank: Count
    alpha: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]
    targets: tuple[str, ...]


class Stage(Section):
    """What every stage has.

    Attributes:
        lr: peak learning rate, after the warm-up; a cosine then takes it to a tenth.
        epochs: passes over the items; whole batches are cut from the last one where it is not a whole number.
        max_steps: no more updates than these; 0 sets no limit.
    """

    lr: Positive
    epochs: Positive
    max_steps: Annotated[int, Field(ge=0)]


class Sft(Stage):
    """Supervised fine-tuning.

    Attributes:
        judgment_first_share: of the items that are learned with the judgment alone, as triage asks for it.
        label_weight: weight of a token of the judgment, beside 1 for one of the analysis.
        dropout: on the last hidden states.
    """

    judgment_first_share: Fraction
    label_weight: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]


class Preference(Stage):
    """DPO, and OGDPO.

    Attributes:
        beta: how hard the model is held to the reference: larger stays nearer.
        chosen_weight: of the cross-entropy on the chosen completion beside the preference loss, per token; 0 is plain
            DPO, which says nothing of how likely either completion is by itself.
    """

    beta: Positive
    chosen_weight: Annotated[float, Field(ge=0)]


class Batches(Section):
    """What goes through the model at once.

    Attributes:
        tokens: in one forward pass, padding included; a prompt counts once, however many completions it has.
        rows: items in one forward pass, at most.
        accumulation: forward passes in an update.
        max_length: items with more tokens, prompt and completion, are left out and counted; none is cut.
    """

    tokens: Count
    rows: Count
    accumulation: Count
    max_length: Count


class Recipe(Section):
    """A whole run.

    Attributes:
        method: "lora" trains an adapter and merges it when a stage ends; "full" trains all weights.
        arithmetic: "bfloat16" computes in it under autocast, the weights that are trained stay float32.
        weights: type of the weights that a stage writes; "base" is that of the model it started from.
        gradient_checkpointing: activations are computed twice instead of kept; the shared prefix then is not shared.
        save_every_steps: updates between two checkpoints to resume from.
        base_share: base rows among the items of a stage, as a share of the whole.
        seed: of the order, of the adapter's first values and of dropout.
        tracking: "files" writes log.jsonl into the stage's folder; "mlflow" also reports there.
        auditor: how the guard will be asked: its prompts and images are those to train on. Not part of the file.
    """

    method: Literal["lora", "full"]
    adapter: Adapter
    sft: Sft
    dpo: Preference
    ogdpo: Preference
    batches: Batches
    warmup: Fraction
    weight_decay: Annotated[float, Field(ge=0)]
    max_grad_norm: Positive
    arithmetic: Literal["float32", "bfloat16"]
    weights: Literal["base", "float32", "bfloat16"]
    gradient_checkpointing: bool
    save_every_steps: Count
    base_share: Annotated[float, Field(ge=0, lt=1)]
    seed: Annotated[int, Field(ge=0)]
    tracking: Literal["files", "mlflow"]
    auditor: Auditor = Field(default_factory=lambda: load().auditor, exclude=True, repr=False)

    @field_validator("tracking")
    @classmethod
    def is_there(cls, tracking: str) -> str:
        """Refuse what is not installed before a run begins, and not in its first stage."""
        if tracking == "mlflow" and find_spec("mlflow") is None:
            raise ValueError("MLflow is not installed: pip install mlflow")
        return tracking

    @classmethod
    def read(cls, path: Path = DEFAULT, auditor: Auditor | None = None) -> Self:
        """The recipe of a TOML file.

        Args:
            path: of the file.
            auditor: how the guard will be asked; None takes the defaults.

        Raises:
            ConfigError: the file cannot be read, or a value is out of range; the message names both.
        """
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls.model_validate(values if auditor is None else {**values, "auditor": auditor})
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"{path}: not readable as a recipe ({error})") from None
