"""A mapping file: a house format becomes readable without code, by a JMESPath expression for each field.

    when = "event == 'chat.turn'"      # which records are of this format; left out: all
    skip = "event == 'heartbeat'"      # which hold no interaction, and are empty

    [fields]
    question = "prompt.text"
    answer = "completion.text"

Expressions look at the record as it is when its envelopes are opened. A field whose expression finds nothing is
absent. `messages`, in OpenAI's form, stands for question, system prompt and earlier turns; without an answer beside it
it is a whole conversation.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from conf.errors import ConfigError
from conf.schema import read_toml
from ingest.exchange import Exchange, Scope
from ingest.formats import Format, qta
from ingest.formats.envelope import Logged
from ingest.formats.openai_messages import messages_in
from ingest.formats.reading import Malformed, as_text, first_text, instant
from ingest.qta import Status

TEXTS = ("question", "answer", "thinking", "system_prompt")
NAMES = ("tenant", "application", "user", "model", "conversation_id", "response_id")
LISTS = ("images", "tool_calls")
OTHERS = ("thinking_kind", "turn", "occurred_at", "status", "messages")
FIELDS = (*TEXTS, *NAMES, *LISTS, *OTHERS)
SAID = ("answer", "thinking", "tool_calls")
TOLD = ("question", "messages", *SAID)
CONDITIONS = ("when", "skip")
MAPPING = "mapping"
"""The name of the format of what a mapping file reads."""


@dataclass(frozen=True, slots=True)
class HouseMapping:
    """A mapping file, its expressions compiled.

    Attributes:
        name: of the file, for those who ask why.
        fields: field to expression.
    """

    name: str
    fields: Mapping[str, ParsedResult]
    when: ParsedResult | None = None
    skip: ParsedResult | None = None

    def takes(self, value: Any) -> bool:
        """Whether a record is of this format; an array is only when `when` says so."""
        return isinstance(value, dict) if self.when is None else holds(self.when, value)

    def skips(self, value: Any) -> bool:
        """Whether a record is said to hold no interaction."""
        return self.skip is not None and holds(self.skip, value)

    @property
    def as_format(self) -> Format:
        """What normalize does with a format's file."""
        return Format(lambda logged: self.name if self.takes(logged.value) else None, self.parse)

    def parse(self, logged: Logged) -> tuple[Exchange, ...]:
        """The record's one exchange.

        Raises:
            Malformed: nothing is found for any of the fields that tell something, or one has a wrong type.
        """
        found = {name: expression.search(logged.value) for name, expression in self.fields.items()}
        found = {name: value for name, value in found.items() if value is not None}
        if not any(found.get(name) for name in TOLD):
            raise Malformed(f"{', '.join(name for name in TOLD if name in self.fields)}: nothing found")
        return (exchange_of(found),)


def exchange_of(found: Mapping[str, Any]) -> Exchange:
    """An exchange from what the expressions found."""
    (exchange,) = qta.parse(Logged(None, dict(row(found))))
    status = status_of(found.get("status"))
    if "messages" in found:
        is_whole = not any(name in found for name in SAID)
        exchange = replace(exchange, messages=messages_in(found["messages"]), status=status)
        if is_whole:
            return replace(exchange, choices=(), scope=Scope.ALL_TURNS)
    if status in (Status.ERROR, Status.BLOCKED) and not any(found.get(name) for name in SAID):
        return replace(exchange, choices=(), status=status)
    return replace(exchange, choices=tuple(replace(choice, status=status) for choice in exchange.choices))


def row(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The record as our own format has it."""
    yield "qta", 1
    yield from ((name, as_text(found[name]) if name in found else None) for name in TEXTS)
    yield from ((name, first_text(found.get(name))) for name in NAMES)
    for name in LISTS:
        value = found.get(name, [])
        yield name, value if isinstance(value, list) else [value]
    yield "occurred_at", instant(found.get("occurred_at"))
    yield from ((name, found[name]) for name in ("thinking_kind", "turn") if name in found)


def status_of(value: Any) -> Status:
    """The status that the record has; complete where it says nothing."""
    try:
        return Status(value) if value is not None else Status.COMPLETE
    except ValueError:
        raise Malformed("status") from None


def holds(condition: ParsedResult, value: Any) -> bool:
    """Whether a condition holds, as JMESPath sees it: any number does; where it cannot be asked, it does not."""
    try:
        found = condition.search(value)
    except (JMESPathError, RecursionError):
        return False
    return bool(found) or (isinstance(found, int | float) and found is not False)


def load_mapping(path: Path) -> HouseMapping:
    """The mapping file at `path`.

    Raises:
        ConfigError: it is missing, no TOML, has a key that there is not, or an expression that cannot be read; one
            line that names file, line and key.
    """
    tables = read_toml(path)
    text = path.read_text(encoding="utf-8")
    fields = tables.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise ConfigError(f"{path}: [fields] is missing: a table of field = expression, such as answer = 'output.text'")
    refuse_unknown(path, text, tables, (*CONDITIONS, "fields"))
    refuse_unknown(path, text, fields, FIELDS)
    if not any(name in fields for name in TOLD):
        raise ConfigError(f"{path}: [fields] needs one of {', '.join(TOLD)}")
    compiled = {name: compiled_at(path, text, name, fields[name]) for name in fields}
    conditions = {name: compiled_at(path, text, name, tables[name]) for name in CONDITIONS if name in tables}
    return HouseMapping(path.name, compiled, **conditions)


def refuse_unknown(path: Path, text: str, table: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    """Refuse a key that there is not."""
    if unknown := next((name for name in table if name not in allowed), None):
        raise ConfigError(f"{where(path, text, unknown)}: unknown key; allowed here: {', '.join(allowed)}")


def compiled_at(path: Path, text: str, name: str, expression: Any) -> ParsedResult:
    """One expression, ready."""
    if not isinstance(expression, str):
        raise ConfigError(f"{where(path, text, name)}: write the JMESPath expression as a string")
    try:
        parsed = jmespath.compile(expression)
    except JMESPathError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{where(path, text, name)} = {expression!r}: {reason}") from None
    if unknown := next((call for call in calls_in(parsed.parsed) if call not in known_functions()), None):
        raise ConfigError(f"{where(path, text, name)} = {expression!r}: there is no function {unknown}()")
    return parsed


def where(path: Path, text: str, name: str) -> str:
    """File, line and key, for a message."""
    found = re.search(rf"^[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*=", text, re.MULTILINE)
    line = f", line {text.count(chr(10), 0, found.start()) + 1}" if found else ""
    return f"{path}{line}: {name}"


def calls_in(node: Mapping[str, Any]) -> Iterator[str]:
    """The functions that an expression calls, which JMESPath itself looks up only when it gets there."""
    if node["type"] == "function_expression":
        yield str(node["value"])
    for child in node["children"]:
        if isinstance(child, dict):
            yield from calls_in(child)


def known_functions() -> Mapping[str, Any]:
    """The functions of JMESPath, by name."""
    table: Mapping[str, Any] = functions.Functions.FUNCTION_TABLE
    return table
