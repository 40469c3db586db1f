"""A database with reviewed cases, a recipe of a few steps, and a gate of a few cases: a whole training in seconds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from auditor.owner import Asker
from auditor.registry.folder import Registry
from auditor.registry.places import open_registry
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category, Judgment
from conf.schema import DEFAULT_FILE, Config, load
from tests.reports.seed import NOW, judged, seed
from tests.training.cases import sentence
from training.gate.cases import GateCases, shipped_cases
from training.run.order import Order, recipe_of
from training.run.told import Say

AT = NOW.replace(tzinfo=UTC)
SAFE, HALF, HARMFUL = Judgment
WHERE = "training.run.finish.gate_cases"


def configured(folder: Path, **changes: str) -> Config:
    """What all these tests train with."""
    return load(overrides=overrides(folder) | {name.replace("__", "."): value for name, value in changes.items()})


def overrides(folder: Path) -> dict[str, str]:
    """The values that differ from the defaults, as `--set` takes them."""
    return {
        "store.path": f'"{folder / "a.duckdb"}"',
        "training.recipe": f'"{recipe_file(folder)}"',
        "hygiene.min_items": "4",
        "hygiene.gold_share": "0.0",
        "auditor.mode": "triage",
    }


def recipe_file(folder: Path, **changes: str) -> Path:
    """The demo's recipe with one or two updates in each stage."""
    text = (DEFAULT_FILE.with_name("train") / "demo.toml").read_text(encoding="utf-8")
    text = text.replace("max_steps = 0", "max_steps = 2").replace("rows = 32", "rows = 2")
    text = text.replace("save_every_steps = 50", "save_every_steps = 1")
    path = folder / "quick.toml"
    path.write_text(text, encoding="utf-8")
    return path


def review(name: str, reviewer: str, vote: Judgment, analysis: str | None = None) -> Review:
    return Review(
        name, reviewer, vote, Category.CRIME if vote is not SAFE else None, "seen", AT, corrected_analysis=analysis
    )


def reviewed(
    folder: Path, n: int = 8, people: Sequence[str] = ("ann", "bob"), only: Judgment | None = None
) -> list[str]:
    """A database with cases, safe and harmful in turn, on which these people agree; gives their ids.

    Of every other case the guard was wrong, and one of them wrote what it should have said.
    """
    with Store.open(str(folder / "a.duckdb")) as store:
        said = [
            judged(at, 0.95 if at % 4 in {1, 2} else 0.05, question=sentence(at), answer=sentence(at + 500))
            for at in range(n)
        ]
        seed(store, said)
        votes = []
        for at, (triple, verdict) in enumerate(said):
            label = only or (HARMFUL if at % 2 else SAFE)
            text = None if verdict.judgment is label else f"The exchange is {label.label}, since it says so."
            votes += [review(triple.id, name, label, text) for name in people]
        add_reviews(store, votes, AT + timedelta(hours=1))
    return [triple.id for triple, _ in said]


def few_cases(_: object, config: Config) -> GateCases:
    """What a gate needs at the least: a few of each set, so that it takes a second."""
    whole = shipped_cases(config)
    return GateCases(whole.gold[:4], (), whole.over_refusal[:2], whole.canaries[:2], whole.injections[:2])


@contextmanager
def quick_gate() -> Iterator[None]:
    """The real gate over a few cases."""
    with patch(WHERE, few_cases):
        yield


def ordered(folder: Path, config: Config | None = None, say: Say = print) -> Order:
    config = config or configured(folder)
    return Order(Asker(config, say=lambda _: None).ask, config, recipe_of(config), "ann", clock, say)


def registry_of(folder: Path) -> Registry:
    return open_registry(configured(folder))


def clock() -> datetime:
    return AT + timedelta(hours=2)


def left(folder: Path) -> list[str]:
    """What lies in the folder of trainings."""
    return sorted(path.name for path in (folder / "a.duckdb.training").glob("*") if path.name != ".lock")


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with Store.open(str(folder / "a.duckdb")) as store:
        return store.connection.execute(query).fetchall()
