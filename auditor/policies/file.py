"""policy.toml becomes a Policy, or is refused whole with the lines that are wrong."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from auditor.errors import PolicyRefused
from auditor.policies.policy import GRID, Costs, Policy, ReviewPlan, Rule, Thresholds
from auditor.verdict import Category
from conf import schema
from ingest.qta import ThinkingKind

BUILT_IN = Path(__file__).with_name("policy.toml")
LEVELS = ("watch", "escalate", "urgent")
SELECTORS = ("tenant", "application", "category", "thinking")
MAX_RULES = 2_000

HEADER = re.compile(r"^\s*\[(\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
KEY = re.compile(r"""^\s*["']?([A-Za-z0-9_-]+)["']?\s*=""")


def on_grid(value: float) -> float:
    """The value, if it has at most four decimals."""
    if round(value * GRID) / GRID != value:
        raise ValueError("use at most four decimals")
    return value


def is_category(value: str) -> str:
    """The value, if reports name a category so."""
    if value not in set(Category):
        raise ValueError(f"no such category; there are {', '.join(Category)}")
    return value


def is_thinking(value: str) -> str:
    """The value, if it is a kind of thinking."""
    if value not in set(ThinkingKind):
        raise ValueError(f"no such kind of thinking; there are {', '.join(ThinkingKind)}")
    return value


Threshold = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False), AfterValidator(on_grid)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Part(BaseModel):
    """A table of the file; keys that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Default(Part):
    """The thresholds where no rule says otherwise."""

    watch: Threshold
    escalate: Threshold
    urgent: Threshold

    @model_validator(mode="after")
    def in_order(self) -> "Default":
        """Refuse levels in the wrong order."""
        check_order(self)
        return self


class RulePart(Part):
    """One [[rule]]."""

    tenant: Name | None = None
    application: Name | None = None
    category: Annotated[str, AfterValidator(is_category)] | None = None
    thinking: Annotated[str, AfterValidator(is_thinking)] | None = None
    watch: Threshold | None = None
    escalate: Threshold | None = None
    urgent: Threshold | None = None

    @model_validator(mode="after")
    def says_something(self) -> "RulePart":
        """Refuse a rule without a name or without a threshold."""
        if not any(getattr(self, name) for name in SELECTORS):
            raise ValueError(f"name at least one of {', '.join(SELECTORS)}; for all there is [default]")
        if all(getattr(self, level) is None for level in LEVELS):
            raise ValueError(f"give at least one of {', '.join(LEVELS)}")
        check_order(self)
        return self


class CostsPart(Part):
    """[costs]."""

    false_alarm: Amount
    miss: Amount
    unit: Name


class ReviewPart(Part):
    """[review]."""

    cases_per_day: Annotated[int, Field(ge=0, le=1_000_000)]
    minutes_per_case: Annotated[float, Field(gt=0, le=1440, allow_inf_nan=False)]
    escalated_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
    below_line_per_day: Annotated[int, Field(ge=0, le=1_000_000)]
    votes: Annotated[int, Field(ge=1, le=9)]
    hide_verdict: tuple[Literal["urgent", "escalated", "below", "all"], ...] = ("below",)


class ApprovalPart(Part):
    """[approval]."""

    approvers: tuple[Name, ...]


class PolicyFile(Part):
    """The whole file."""

    version: Name
    default: Default
    rule: Annotated[tuple[RulePart, ...], Field(max_length=MAX_RULES)] = ()
    costs: CostsPart
    review: ReviewPart
    approval: ApprovalPart


def check_order(part: Default | RulePart) -> None:
    """Refuse a part whose levels are not in order."""
    given = [(level, value) for level in LEVELS if (value := getattr(part, level)) is not None]
    for (lower, low), (upper, high) in pairwise(given):
        if low > high:
            raise ValueError(f"{lower} {low:g} is above {upper} {high:g}")


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the parts of a TOML file stand: a table's header, or a key of it, to the number of its line."""

    headers: Mapping[tuple[str, int], int]
    keys: Mapping[tuple[str, int, str], int]

    def of(self, loc: Sequence[int | str]) -> int:
        """The line of what pydantic names by `loc`, or of the nearest that is there; 1 for the file as a whole."""
        table = str(loc[0]) if loc else ""
        at = next((part for part in loc[1:2] if isinstance(part, int)), 0)
        for part in loc[1:]:
            if (line := self.keys.get((table, at, str(part)))) is not None:
                return line
        return self.headers.get((table, at)) or self.keys.get(("", 0, table), 1)


def lines_of(text: str) -> Lines:
    """The lines of tables and keys, as far as they stand on lines of their own."""
    headers: dict[tuple[str, int], int] = {}
    keys: dict[tuple[str, int, str], int] = {}
    seen: dict[str, int] = {}
    table, at = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if found := HEADER.match(line):
            table = found[2].strip("\"' ")
            at = seen.get(table, 0) if found[1] else 0
            seen[table] = at + 1
            headers.setdefault((table, at), number)
        elif found := KEY.match(line):
            keys.setdefault((table, at, found[1]), number)
    return Lines(headers, keys)


@lru_cache(maxsize=128)  # a page asks for the same few policies several times
def read_policy(text: str, name: str) -> Policy:
    """The policy that a file's text says.

    Args:
        text: TOML, as in policy.toml beside this file.
        name: of the file, for messages.

    Raises:
        PolicyRefused: anything is wrong with it; the message has file, line and reason of each mistake.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyRefused(syntax(name, str(error))) from None
    lines = lines_of(text)
    try:
        read = PolicyFile.model_validate(told)
    except ValidationError as error:
        problems = sorted((lines.of(one["loc"]), reason(one)) for one in error.errors(include_url=False))
        raise PolicyRefused("\n".join(f"{name}:{line}: {why}" for line, why in problems)) from None
    policy = policy_of(read, text, lines)
    if twins := repeated(policy.rules):
        raise PolicyRefused(
            "\n".join(f"{name}:{rule.line}: a rule for {rule.name} stands above already" for rule in twins)
        )
    return policy


def policy_of(read: PolicyFile, text: str, lines: Lines) -> Policy:
    """The policy that a checked file says."""
    rules = tuple(Rule(**one.model_dump(), line=lines.of(("rule", at))) for at, one in enumerate(read.rule))
    return Policy(
        read.version,
        Thresholds(**read.default.model_dump()),
        rules,
        Costs(**read.costs.model_dump()),
        ReviewPlan(**read.review.model_dump()),
        read.approval.approvers,
        text,
    )


def repeated(rules: Sequence[Rule]) -> list[Rule]:
    """Rules that name exactly what one before them names: of two such neither could be the stronger."""
    seen: set[tuple[str | None, ...]] = set()
    return [rule for rule in rules if rule.selectors in seen or seen.add(rule.selectors)]  # type: ignore[func-returns-value]


def reason(problem: Mapping[str, Any]) -> str:
    """What is wrong with one key, in words."""
    where = ".".join(str(part) for part in problem["loc"] if not isinstance(part, int))
    if problem["type"] == "extra_forbidden":
        return f"{where}: no such key"
    if problem["type"] == "missing":
        return f"{where}: missing"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]}"


def syntax(name: str, message: str) -> str:
    """What a TOML parser says, with the line in front."""
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = found[1] if found else "1"
    return f"{name}:{line}: {message[: found.start()].strip() if found else message}"


def read_file(path: str) -> Policy:
    """The policy of a file.

    Raises:
        PolicyRefused: it cannot be read, or says what no policy can.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyRefused(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return read_policy(text, path)


def configured_policy(section: schema.Policy) -> Policy:
    """The policy until one is approved in the database: the configured file, or the one that traceaudit comes with.

    Raises:
        PolicyRefused: the configured file cannot be used.
    """
    return read_file(section.file or str(BUILT_IN))
