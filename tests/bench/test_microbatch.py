"""Micro-batches of like length against micro-batches in the order of arrival; the demo guard, through transformers."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import as_file, files

import pytest
import torch

from auditor import microbatch
from auditor.backends.base import Completion
from auditor.guard_input import guard_input
from auditor.microbatch import padded_share, plan
from auditor.scorer import build
from conf.schema import load
from ingest.normalize import normalizer
from ingest.qta import QTATriple
from ingest.source import open_source, records_of
from tests.bench.measure import compare

N_TRIPLES = 48

Planner = Callable[[Sequence[int], int, int], list[list[int]]]


def arrival(lengths: Sequence[int], max_rows: int, max_tokens: int) -> list[list[int]]:
    """`plan` without the sorting: fill a micro-batch until the next prompt would pass a bound."""
    batches: list[list[int]] = []
    for index, length in enumerate(lengths):
        longest = max([length, *(lengths[i] for i in batches[-1])]) if batches else length
        if batches and len(batches[-1]) < max_rows and (len(batches[-1]) + 1) * longest <= max_tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def sample_triples() -> list[QTATriple]:
    """The triples of the sample logs, in the order of the logs."""
    config = load()
    with as_file(files("reports.samples").joinpath("logs")) as logs:
        found = [
            triple
            for record in records_of(open_source(str(logs), config))
            for triple in normalizer(config)(record).triples
        ]
    return [triple for triple in found if triple.has_model_output]


def test_by_length_against_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefill and a few tokens of the analysis, on one thread: what is compared is the work, not its scheduling."""
    torch.set_num_threads(1)
    config = load(overrides={"auditor.max_new_tokens": "16"})
    backend, triples = build(config, lambda: datetime.now(UTC)).backend, sample_triples()[:N_TRIPLES]
    assert len(triples) == N_TRIPLES
    cases = [backend.prepare(guard_input(triple)) for triple in triples]

    def complete(planner: Planner) -> None:
        monkeypatch.setattr(microbatch, "plan", planner)
        assert all(isinstance(one, Completion) for one in backend.complete(cases))

    compare(
        "micro-batches by length against arrival order",
        "triples",
        N_TRIPLES,
        lambda: complete(plan),
        lambda: complete(arrival),
    )
    bounds = (config.auditor.micro_batch_rows, config.auditor.micro_batch_tokens)
    lengths = [case.n_tokens for case in cases]
    shares = [padded_share(lengths, planner(lengths, *bounds)) for planner in (plan, arrival)]
    print("  tokens with padding per token: by length {:.2f}, arrival {:.2f}".format(*shares))
