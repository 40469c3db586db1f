"""Careful access to decoded JSON of any shape: what is absent is empty, what has a wrong type is Malformed.

A message of Malformed names the field, never what is in it: it goes into a Rejection.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

Json = Mapping[str, Any]

# Seconds, milliseconds, microseconds and nanoseconds of any date from 1973 to 5138 do not overlap.
SECONDS_PER_UNIT = ((1e11, 1.0), (1e14, 1e-3), (1e17, 1e-6), (1e20, 1e-9))

# What code that maps fields raises when a record is not of the shape that the format promises.
FAULTS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


class Malformed(ValueError):
    """A field that is not what the format says; `where` names the field."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def mapping(value: Any, where: str) -> Json:
    """`value` as an object; None is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(where)
    return value


def sequence(value: Any, where: str) -> Sequence[Any]:
    """`value` as a list; None is an empty one."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise Malformed(where)
    return value


def objects(value: Any, where: str) -> Iterator[Json]:
    """The objects of a list; None is an empty list."""
    return (mapping(item, where) for item in sequence(value, where))


def text(value: Any) -> str | None:
    """`value` when it is a string that is not blank."""
    return value if isinstance(value, str) and value.strip() else None


def first_text(*values: Any) -> str | None:
    """The first of `values` that says something, numbers as text."""
    for value in values:
        found = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
        if found is not None:
            return found
    return None


def as_text(value: Any) -> str:
    """`value` as it is when it is a string, "" for None, else its JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def as_mapping(value: Any) -> Json:
    """`value` when it is an object, else an empty one: for what is welcome and never required."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """`value` when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def either(body: Json, name: str) -> Any:
    """What stands under a camelCase name, or under the same in snake_case as SDKs dump it; null is not there."""
    found = body.get(name)
    return body.get(SNAKE.sub(snake, name)) if found is None else found


SNAKE = re.compile(r"[A-Z]")


def snake(capital: re.Match[str]) -> str:
    """A capital letter inside a name as snake_case has it."""
    return f"_{capital[0].lower()}"


def unquoted(value: Any) -> Any:
    """What a string holds when it holds a JSON object or array; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def instant(*values: Any) -> datetime | None:
    """The first of `values` that is a time: ISO 8601, or a number since 1970 in s, ms, µs or ns; UTC."""
    for value in values:
        if value is not None and (found := from_number(value) or from_iso(value)):
            return found
    return None


def from_number(value: Any) -> datetime | None:
    """A time from a number, or from digits in a string; the unit follows from its size."""
    try:
        number = 0.0 if isinstance(value, bool) else float(value)
        unit = next(unit for limit, unit in SECONDS_PER_UNIT if 1e8 <= number < limit)
        return datetime.fromtimestamp(number * unit, UTC)
    except (TypeError, ValueError, StopIteration, OverflowError, OSError):
        return None


def from_iso(value: Any) -> datetime | None:
    """A time from ISO 8601 text; without a zone it is taken as UTC."""
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
