"""The desk of a service: a backfill beside a running service asks it for triples and hands verdicts in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from pydantic import ValidationError

from auditor.desk import Known, Page, Place, Selection, Standing
from auditor.desk_wire import PATH, QUESTIONS
from auditor.errors import ServiceFailed, VerdictRefused
from auditor.golden.drill import GoldenRun, GoldenScore
from auditor.moves import Pair
from auditor.service import Service
from auditor.store_rows import Run
from auditor.verdict import ScorerKey, Verdict
from ingest.qta import QTATriple

TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """A running service; a Desk.

    Attributes:
        secret: lets in whoever may read the database's folder as its owner.
    """

    service: Service
    secret: str = field(repr=False)

    @property
    def where(self) -> str:
        """See Desk."""
        return f"the service at {self.service}"

    def standing(self, chosen: Selection, scorer: ScorerKey) -> Standing:
        """See Desk."""
        found: Standing = self.ask("standing", chosen, scorer)
        return found

    def handful(self, chosen: Selection, scorer: ScorerKey, n: int) -> list[QTATriple]:
        """See Desk."""
        found: list[QTATriple] = self.ask("handful", chosen, scorer, n)
        return found

    def take(self, chosen: Selection, scorer: ScorerKey, after: Place, n: int) -> Page:
        """See Desk."""
        found: Page = self.ask("take", chosen, scorer, after, n)
        return found

    def keep(self, run: Run, verdicts: Sequence[Verdict]) -> int:
        """See Desk.

        Raises:
            VerdictRefused: the service does not take one of them.
        """
        return int(self.ask("keep", run, list(verdicts)))

    def recall(self, hashes: Sequence[str], scorer: ScorerKey) -> Mapping[str, Verdict]:
        """See Desk."""
        found: Mapping[str, Verdict] = self.ask("recall", list(hashes), scorer)
        return found

    def known(self) -> list[Known]:
        """See Desk."""
        found: list[Known] = self.ask("known")
        return found

    def pairs(self, chosen: Selection, first: ScorerKey, second: ScorerKey) -> list[Pair]:
        """See Desk."""
        found: list[Pair] = self.ask("pairs", chosen, first, second)
        return found

    def golden_runs(self, scorer: ScorerKey, cases_hash: str, n: int) -> list[GoldenRun]:
        """See GoldenDesk."""
        found: list[GoldenRun] = self.ask("golden_runs", scorer, cases_hash, n)
        return found

    def with_risks(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """See GoldenDesk."""
        found: list[Verdict] = self.ask("with_risks", list(verdicts))
        return found

    def keep_golden(self, run: GoldenRun, scores: Sequence[GoldenScore]) -> int:
        """See GoldenDesk."""
        return int(self.ask("keep_golden", run, list(scores)))

    def ask(self, name: str, *arguments: object) -> Any:
        """What the service answers.

        Raises:
            ServiceFailed: it does not answer as it should.
            VerdictRefused: it does not take a verdict.
        """
        question = QUESTIONS[name]
        status, body = self.post(f"{PATH}{name}", question.takes.dump_json(arguments))
        try:
            if status == 200:
                return question.gives.validate_json(body)
        except ValidationError:
            status = 0
        if status == 409:
            raise VerdictRefused(body.decode(errors="replace"))
        if status == 404:
            raise ServiceFailed(f"{self.where} knows of no backfill; is it of an older version?")
        said = "what cannot be read" if status == 0 else f"status {status}"
        raise ServiceFailed(f"{self.where} answers with {said}; see its log")

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        connection = HTTPConnection(self.service.host, self.service.port, timeout=TIMEOUT_S)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.secret}"}
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException) as error:
            why = f"does not answer ({type(error).__name__})"
        finally:
            connection.close()
        raise ServiceFailed(f"{self.where} {why}; what was judged so far is kept, start again when it is back")
