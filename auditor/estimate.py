"""What a backfill will cost, before it begins: from what such verdicts cost so far, else from a handful judged now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditor.desk import Costs, Standing
from auditor.verdict import ScorerKey, Verdict

ENOUGH = 20  # verdicts of the past that an estimate may rest on
HANDFUL = 8  # triples that are judged for it where there are not


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is to be done, and what it takes.

    Attributes:
        scorer: what will judge.
        triples: stored ones that are meant.
        pending: those of them to be judged, the others having a verdict.
        costs: of one verdict.
        basis: "past" or "handful": what the costs were taken from.
    """

    scorer: ScorerKey
    triples: int
    pending: int
    costs: Costs
    basis: str

    @property
    def seconds(self) -> float:
        """What judging takes, one triple after another's share."""
        return self.pending * self.costs.seconds

    def as_json(self) -> dict[str, Any]:
        """The line of `traceaudit backfill --estimate --json`."""
        return {
            "model": self.scorer.model_id,
            "model_revision": self.scorer.model_revision,
            "prompt_hash": self.scorer.prompt_hash,
            "decoding": self.scorer.decoding,
            "triples": self.triples,
            "judged": self.triples - self.pending,
            "pending": self.pending,
            "seconds_per_triple": self.costs.seconds,
            "prompt_tokens": round(self.pending * self.costs.prompt_tokens),
            "output_tokens": round(self.pending * self.costs.output_tokens),
            "seconds": round(self.seconds, 1),
            "basis": self.basis,
            "verdicts_measured": self.costs.n_verdicts,
        }


def is_known(standing: Standing) -> bool:
    """Whether nothing has to be measured, since enough such verdicts were made, or none is to be made."""
    return standing.costs.n_verdicts >= ENOUGH or standing.judged >= standing.triples


def estimate(scorer: ScorerKey, standing: Standing, measured: Costs | None) -> Estimate:
    """The estimate for what is left of a selection.

    Args:
        scorer: what will judge.
        standing: how far the judging is.
        measured: what a handful cost just now; None takes the costs of the past.
    """
    costs, basis = (standing.costs, "past") if measured is None else (measured, "handful")
    return Estimate(scorer, standing.triples, standing.triples - standing.judged, costs, basis)


def costs_of(verdicts: Sequence[Verdict]) -> Costs:
    """What these verdicts cost on average; nothing where there are none.

    The mean and not the median: what is asked for is a sum, and a few long triples take most of the time.
    """
    n = len(verdicts)
    if not n:
        return Costs(0, 0.0, 0.0, 0.0)
    return Costs(
        n,
        sum(verdict.seconds for verdict in verdicts) / n,
        sum(verdict.prompt_tokens for verdict in verdicts) / n,
        sum(verdict.output_tokens for verdict in verdicts) / n,
    )


def describe(one: Estimate, now: datetime) -> str:
    """The estimate in words."""
    done = one.triples - one.pending
    head = f"{one.pending} of {one.triples} stored triples to judge"
    if done:
        head += f", {done} have a verdict of this scorer"
    if not one.pending:
        return head
    took = "such verdicts took so far" if one.basis == "past" else "of them took just now"
    tokens = round(one.pending * one.costs.prompt_tokens), round(one.pending * one.costs.output_tokens)
    return (
        f"{head}\nabout {tokens[0]} tokens of prompts and {tokens[1]} of answers, {duration(one.seconds)}, "
        f"done by {now + timedelta(seconds=one.seconds):%Y-%m-%d %H:%M} UTC; as {one.costs.n_verdicts} {took}"
    )


def duration(seconds: float) -> str:
    """A time span in words."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
