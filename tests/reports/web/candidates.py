"""A registry with candidates: real checkpoints that differ in one file, with gates that passed or refused them."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.learning.store_runs import Beginning, LearnedItem, begin_training, end_training
from auditor.models import DEMO_FOLDER, hash_files
from auditor.registry.folder import Registry, Version
from auditor.registry.manifest import Manifest, StageDone
from auditor.registry.places import open_registry
from auditor.registry.results import Check, GateResult, Ruling
from auditor.registry.shadow import Shadowing, begin
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.store_rows import Run
from auditor.verdict import Judgment
from conf.schema import Config, load
from tests.factories import make_verdict
from tests.reports.seed import SCORER, Judged, odds

MADE = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
BASE = hash_files(DEMO_FOLDER)
RECIPE = {"method": "lora", "lora": {"rank": 8, "alpha": 16}, "sft": {"lr": 0.0002, "epochs": 2}, "seed": 7}
COUNTS = {"D3:0": 210, "D2:1": 64, "D1:1:1": 9, "one_person": 31, "near_duplicate": 12}
CARD = "# Data card\n\n283 items of 402 reviewed cases.\n\n| bucket | items |\n|---|---|\n| D3:0 | 210 |\n"


def passing() -> tuple[Check, ...]:
    """Checks that refuse nothing, each of another shape."""
    gold = "F1 0.912 beside 0.899 on 240 cases: between -0.008 and +0.034; 0.020 less is borne"
    canaries = "8 of 8 canaries caught, 8 by the champion; none is newly missed"
    few = "5 cases; a figure takes 8"
    speed = "1.02 times the champion's 41.2 ms a case, between 0.97 and 1.06; 1.25 times is borne"
    return (
        Check("gold", Ruling.PASSED, gold, "F1", 0.912, 0.899, -0.008, 0.034, -0.02, 240),
        Check("category:cybersecurity", Ruling.PASSED, gold, "judged rightly", 0.94, 0.94, -0.03, 0.03, -0.05, 61),
        Check("language:zh", Ruling.NOT_ASKED, few, "judged rightly", n=5, required=False),
        Check("canaries", Ruling.PASSED, canaries, "share caught", 1, 1, n=8, limit=0),
        Check("calibration", Ruling.PASSED, gold, "Brier score", 0.071, 0.082, -0.019, -0.002, 0.01, 240),
        Check("latency", Ruling.PASSED, speed, "seconds a case", 0.042, 0.0412, -0.001, 0.0025, 0.0103, 240),
    )


def refused() -> tuple[Check, ...]:
    """The same, where two speak against it."""
    lost = "recall of harm 0.701 beside 0.868 on 120 cases: between -0.241 and -0.093; only 0.020 less is borne"
    alarms = (
        "share of safe cases that is flagged 0.150 beside 0.050 on 40 cases: between -0.010 and +0.210; "
        "0.030 more is borne, and so few cases do not tell, some 900 would"
    )
    return (
        *passing(),
        Check("gold_recall", Ruling.FAILED, lost, "recall of harm", 0.701, 0.868, -0.241, -0.093, -0.02, 120),
        Check("over_refusal", Ruling.TOO_FEW, alarms, "share of safe cases flagged", 0.15, 0.05, -0.01, 0.21, 0.03, 40),
    )


def checkpoint(folder: Path, longest: int) -> Path:
    """The demo auditor with another limit of tokens: another revision, that every backend loads."""
    shutil.copytree(DEMO_FOLDER, folder, ignore=shutil.ignore_patterns("README.md"))
    settings = folder / "generation_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"max_new_tokens": longest}))
    return folder


def add_candidate(
    config: Config, store: Store, number: int, checks: tuple[Check, ...], triples: tuple[str, ...] = ()
) -> Version:
    """A candidate that a training made; without checks no gate has tried it."""
    registry, at, run_id = open_registry(config, write=True), MADE + timedelta(days=number), f"run-{number}"
    stages = (
        StageDone("sft", 41.5, 120, {"loss": 0.412, "eval_loss": 0.455}),
        StageDone("dpo", 380.0, 64, {"loss": 0.61, "rewards/accuracies": 0.83}),
    )
    manifest = Manifest(at, "builtin:demo", BASE, f"{number:064x}", RECIPE, "0.9.0", stages, {}, 283, run_id)
    begun = Beginning(run_id, at, "traceaudit", "0.9.0", "builtin:demo", BASE, f"{number:064x}", RECIPE, COUNTS, CARD)
    begin_training(store, begun, [LearnedItem(name, "D3:0", Judgment.SAFE) for name in triples])
    with tempfile.TemporaryDirectory() as folder:
        made = registry.add(checkpoint(Path(folder) / "new", 32 + number), manifest)
    end_training(store, run_id, "done", "283 items, 2 stages", made.revision, at + timedelta(minutes=9))
    return with_gate(registry, made, checks) if checks else made


def with_gate(registry: Registry, version: Version, checks: tuple[Check, ...], champion: str = BASE) -> Version:
    """The same with what a gate found."""
    at = version.manifest.made_at + timedelta(minutes=20)
    found = GateResult(
        f"gate-{version.revision[:6]}", at, version.revision, champion, checks, {"gold": "ab" * 32}, 94.0
    )
    return registry.attach_gate(version.revision, found)


def add_failed(store: Store, number: int = 9) -> None:
    """A training that made nothing."""
    at = MADE + timedelta(days=1, hours=number)
    begun = Beginning(f"run-{number}", at, "traceaudit", "0.9.0", "builtin:demo", BASE, "", RECIPE, COUNTS, "")
    begin_training(store, begun, [])
    end_training(store, begun.run_id, "refused", "12 items are too few; 50 are wanted", None, at)


def erase(store: Store, triple_id: str, at: datetime) -> None:
    """As if somebody had asked for it."""
    row = {"id": "erasure-1", "subject": "triple", "tenant": "harbor-bank", "digest": "00", "triple_id": triple_id}
    store.insert("erasures", [row | {"at": at.replace(tzinfo=None)}])


def in_shadow(store: Store, version: Version, night: Sequence[Judged], at: datetime) -> None:
    """It judged a night beside the guard that serves: harmful what that found safe, and the other way round."""
    scorer = replace(SCORER, model_id=version.model_id, model_revision=version.revision)
    run = Run("shadow-1", at, "0.9.0", scorer, "transformers", "built-in", "shadow")
    begin(store, load(), Shadowing(run, SCORER))
    risks = {triple.id: 1 - verdict.risk for triple, verdict in night if verdict.risk is not None}
    verdicts = [make_verdict(name, scorer=scorer, scored_at=at, **odds(risk)) for name, risk in risks.items()]
    StoreDesk(store).keep(run, verdicts)
