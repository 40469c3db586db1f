"""What commands ask of whoever owns the database file: the table of questions, and their shapes on the wire.

    POST /api/ask/<question>    body: [configuration, argument, …]    answer: [value], or [error, words, exit code]

A question is a function `(store, config, *arguments) -> value`, all of it with type hints, by which arguments and value
become JSON and come back. `config` is always the asker's, so that the answer is the same whoever gives it. A function
that writes does so in `store.transaction()`. It may run in a thread beside others, each on a connection of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter

from auditor.store import Store
from conf.cli import named
from conf.schema import Config
from ingest.errors import MissingExtra

PATH = "/api/ask/"
MAX_BODY_BYTES = 64 * 2**20  # such as votes handed in

QUESTIONS = {
    "annotate.keep": "auditor.learning.answers:keep_annotations",
    "annotate.take": "auditor.learning.answers:to_annotate",
    "backfill.handful": "auditor.desk_answers:handful",
    "backfill.keep": "auditor.desk_answers:keep",
    "backfill.known": "auditor.desk_answers:known",
    "backfill.pairs": "auditor.desk_answers:pairs",
    "backfill.recall": "auditor.desk_answers:recall",
    "backfill.standing": "auditor.desk_answers:standing",
    "backfill.take": "auditor.desk_answers:take",
    "calibrate.keep": "auditor.calibrate:keep_fitted",
    "calibrate.reviewed": "auditor.calibrate:reviewed",
    "evidence.events": "auditor.evidence.answers:events",
    "evidence.export": "auditor.evidence.answers:export",
    "evidence.verify": "auditor.evidence.answers:verify",
    "export.write": "auditor.exports.answers:write",
    "gate.keep": "auditor.registry.store_gates:keep",
    "gate.of": "auditor.registry.store_gates:of_revision",
    "golden.keep": "auditor.desk_answers:keep_run_of_golden",
    "golden.risks": "auditor.desk_answers:with_risks",
    "golden.runs": "auditor.desk_answers:runs_of_golden",
    "ledger": "auditor.answers:ledger",
    "models.decide": "auditor.registry.answers:decide",
    "models.history": "auditor.registry.answers:history",
    "models.mend": "auditor.registry.answers:mend",
    "models.propose": "auditor.registry.answers:propose",
    "models.propose_rollback": "auditor.registry.answers:propose_rollback",
    "models.roll_back": "auditor.registry.answers:roll_back",
    "nothing": "auditor.answers:nothing",
    "policy.decide": "auditor.policies.answers:decide",
    "policy.history": "auditor.policies.answers:history",
    "policy.in_force": "auditor.policies.answers:in_force",
    "policy.propose": "auditor.policies.answers:propose",
    "policy.what_if": "reports.what_if.answers:what_if",
    "deliveries.list": "reports.answers:latest_deliveries",
    "deliveries.retry": "reports.answers:retry",
    "report": "reports.nightly:answer_report",
    "review.agreement": "auditor.agreement.answers:agreement",
    "review.decide": "auditor.sampling.answers:decide",
    "review.draw": "auditor.sampling.answers:draw",
    "review.list": "auditor.sampling.answers:list_cases",
    "review.next": "auditor.sampling.answers:next_case",
    "review.status": "auditor.sampling.answers:status",
    "review.undo": "auditor.sampling.answers:undo",
    "review.vote": "auditor.sampling.answers:vote",
    "retention.apply": "reports.retaining:apply_at_once",
    "retention.erase": "reports.retaining:erase",
    "retention.hold": "reports.retaining:hold",
    "retention.note_file": "reports.retaining:note_file",
    "retention.release": "reports.retaining:let_go",
    "retention.standing": "reports.retaining:standing",
    "shadow.begin": "auditor.registry.shadow:begin",
    "shadow.of": "auditor.registry.shadow:of_revision",
    "schedule.list": "reports.answers:latest_runs",
    "schedule.run_due": "reports.answers:run_due",
    "training.ask_people": "auditor.learning.answers:ask_people",
    "training.begin": "auditor.learning.answers:begin",
    "training.cases": "auditor.learning.answers:cases",
    "training.end": "auditor.learning.answers:end",
    "training.gone": "auditor.learning.answers:gone",
    "training.ground": "auditor.learning.answers:ground",
    "training.items": "auditor.learning.answers:items",
    "training.lock": "auditor.learning.answers:lock",
    "training.locked": "auditor.learning.answers:locked",
    "training.runs": "auditor.learning.answers:runs",
    "letters.find": "auditor.answers:find_dead_letters",
    "letters.judged": "auditor.answers:judged",
    "letters.load": "auditor.answers:load_dead_letters",
    "letters.settle": "auditor.answers:settle_dead_letters",
    "users.add": "auditor.access.answers:add",
    "users.change": "auditor.access.answers:change",
    "users.list": "auditor.access.answers:list_users",
    "users.revoke": "auditor.access.answers:revoke",
    "users.token": "auditor.access.answers:token",
    "users.tokens": "auditor.access.answers:list_tokens",
    "votes.all": "auditor.answers:all_votes",
    "votes.keep": "auditor.answers:keep_votes",
}

AS_JSON = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="constants")


@dataclass(frozen=True, slots=True)
class Question:
    """One of the questions.

    Attributes:
        function: gives the answer.
        takes: the configuration and the arguments.
        gives: the value, alone in a tuple.
    """

    function: Callable[..., Any]
    takes: TypeAdapter[Any]
    gives: TypeAdapter[Any]


@lru_cache
def question_of(name: str) -> Question:
    """The question of that name, which is in QUESTIONS.

    Raises:
        MissingExtra: its function needs a library that is not installed here.
    """
    try:
        function = named(QUESTIONS[name])
    except ImportError as error:
        raise MissingExtra(f"{name} (no module {error.name!r})", name) from None
    hints = get_type_hints(function, include_extras=True)
    value = hints.pop("return")
    _, _, *arguments = hints.values()
    return Question(function, adapter(Config, *arguments), adapter(value))


def answer_here(store: Store, config: Config, name: str, *arguments: Any) -> Any:
    """The answer of this process, which has the file open."""
    return question_of(name).function(store, config, *arguments)


def adapter(*shapes: Any) -> TypeAdapter[Any]:
    """To and from a JSON list of these shapes."""
    return TypeAdapter(tuple[shapes], config=AS_JSON)  # type: ignore[valid-type]
