"""A store whose tables of evidence all hold rows, as the product writes them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.access.person import Role, person_with
from auditor.evidence.store_checkpoints import sign_checkpoint
from auditor.evidence.store_seals import insert_query
from auditor.learning.annotations import JudgeKey, keep_annotations
from auditor.learning.cases import Annotation, Asked, LockedCase, Purpose, Why
from auditor.learning.locks import ask_people, lock
from auditor.learning.store_runs import Beginning, LearnedItem, begin_training
from auditor.policies.file import BUILT_IN, configured_policy
from auditor.policies.store import Act, decide, propose
from auditor.registry.results import Check, GateResult, Ruling
from auditor.registry.store_gates import keep_gate
from auditor.retention.holds import Wanted, place_hold
from auditor.reviewing.deciding import withdraw
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_letters import Stamp, settle_letters
from auditor.store_reviews import add_reviews
from auditor.store_sink import reject
from auditor.verdict import Category, Judgment
from conf.schema import Config, load
from ingest.qta import Gap, ImageFailure, ImageReason, Outcome, Position, RefKind, State, ToolCall
from tests.auditor.access.people import add, add_token
from tests.factories import (
    make_batch,
    make_image,
    make_item,
    make_position,
    make_rejected,
    make_run,
    make_triple,
    make_unscorable,
    make_verdict,
)

SOURCE = "file:/logs/a.jsonl"
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
BARE = NOW.replace(tzinfo=None)  # as the tables have it
STRANGE = 'é\x00\u202e\x1b[31m"\\\n=1+1'

DRAWS = """
    SELECT DATE '2026-01-02' AS "day", id AS triple_id, 'below' AS reason, 's' AS stratum, 0.25::DOUBLE AS inclusion,
        'none' AS level, 0.1::DOUBLE AS risk, 0::BIGINT AS policy_number, 'r1' AS model_revision,
        'p1' AS prompt_hash, 'full' AS decoding, TIMESTAMP '2026-01-02 01:00:00' AS drawn_at
    FROM triples ORDER BY id LIMIT $n"""
STRATA = """
    SELECT DATE '2026-01-02' AS "day", 's' || range AS stratum, 'below' AS reason, NULL::VARCHAR AS tenant,
        'raw' AS thinking_kind, '0-0.05' AS band, 9::BIGINT AS size, 2::BIGINT AS drawn, 'seed' AS seed,
        TIMESTAMP '2026-01-02 01:00:00' AS drawn_at
    FROM range(3)"""


def config_for(path: Path) -> Config:
    """The defaults, with the database there."""
    return load(overrides={"store.path": str(path)})


def save_batch(store: Store, first: int, n: int) -> None:
    """`n` records from an offset on: triples with verdicts and images, the last two rejected; then a gap."""
    items = []
    for at in range(first, first + n - 2):
        images = (make_image(b"image %d" % at), ImageFailure(ImageReason.DECODE_ERROR, RefKind.BASE64))
        triple = make_triple(
            id=f"t{at:03}",
            question=STRANGE,
            images=images if at % 2 else (),
            tool_calls=(ToolCall("search", STRANGE, None, "c1"),),
            tenant=f"tenant{at % 3}",
            position=make_position(at),
            occurred_at=NOW - timedelta(seconds=at) if at % 2 else None,
        )
        items.append(make_item(at, triple))
    items += [make_rejected(at, b"\xff\x00%d" % at) for at in (first + n - 2, first + n - 1)]
    triples = [triple for item in items for triple in item.triples]
    verdicts = [
        make_unscorable(one.id)
        if at % 5 == 4
        else make_verdict(one.id, risk=at / 70, harm_score=0.1 + at / 70, contributions={"image": 0.1, "answer": 1e-7})
        for at, one in enumerate(triples)
    ]
    states = [State.REJECTED if item.rejection else State.SCORED for item in items]
    outcomes = [
        Outcome(item.record.position, state, None, item.format, tuple(one.id for one in item.triples))
        for item, state in zip(items, states, strict=True)
    ]
    gap = Gap(SOURCE, 0, first + n, first + n + 1, "retention")
    batch = make_batch(*items, gaps=(gap,), positions={(SOURCE, 0): first + n + 2})
    run = make_run(f"run{first}")
    store.begin_run(run)
    store.save(batch, outcomes, verdicts, run.run_id, NOW)


def fill(store: Store, config: Config) -> None:
    """Several batches of everything, a letter that was read again, and checkpoints between."""
    save_batch(store, 0, 12)
    sign_checkpoint(store, config, NOW)
    save_batch(store, 14, 8)
    votes = [Review(f"t00{at}", "ann", Judgment.HARMFUL, Category.UNKNOWN, STRANGE, NOW) for at in range(4)]
    add_reviews(store, votes, NOW)
    withdraw(store, person_with("ann", [Role.REVIEWER]), votes[3].id, NOW)
    reject(store, ("kafka:c/out", 0, 3), ("not_ours", "byte 0"), b"\x00\xff", NOW)
    item = make_item(10, make_triple(id="late", position=Position(SOURCE, 0, 10)))
    settled = Outcome(Position(SOURCE, 0, 10), State.SCORED, None, "qta", ("late",))
    store.begin_run(make_run("again"))
    settle_letters(store, [item], [settled], [make_verdict("late")], Stamp("again", NOW))
    fill_learning(store)
    with store.transaction():
        fill_directly(store)
    sign_checkpoint(store, config, NOW + timedelta(days=1))


def fill_learning(store: Store) -> None:
    """What a training keeps: annotations, locked cases, cases that people are asked for, and its items."""
    ids = ("t001", "t002")
    key = JudgeKey("m", "v1", "p1")
    keep_annotations(store, key, [Annotation(n, "m", "v1", "p1", Judgment.SAFE, STRANGE, None, NOW) for n in ids])
    lock(store, [LockedCase(name, Purpose.GOLD, Judgment.SAFE) for name in ids], NOW)
    ask_people(store, [Asked(name, Why.JUDGES_SPLIT) for name in ids], None, NOW)
    begun = Beginning("r1", NOW, "ann", "0.1.0", "builtin:demo", "abc", "d", {}, {"D3:0": 2}, "# Card")
    begin_training(store, begun, [LearnedItem(f"t00{n}", "D3:0", Judgment.SAFE) for n in (3, 4)])


def fill_directly(store: Store) -> None:
    """What other parts write, by its columns."""
    insert_query(store, "draws", DRAWS, {"n": 5})
    insert_query(store, "strata", STRATA)
    text = BUILT_IN.read_text(encoding="utf-8")
    for number in (1, 2):
        mine = text.replace('version = "', f'version = "v{number} ', 1)
        propose(store, mine, "policy.toml", NOW.date(), Act("ann", NOW, "a note"))
        decide(store, number, Act("bob", NOW, "another"), configured_policy(load().policy), approve=True)
    curve = {"model_revision": "r", "prompt_hash": "p", "mode": "full", "method": "temperature", "parameters": "{}"}
    counts = {"n_reviews": 9, "n_harmful": 3, "fitted_at": BARE, "diagram": "[]", "metrics": "{}"}
    for name in ("Ann", "Bob"):
        add(store, name)
        add_token(store, name)
        place_hold(store, Wanted("user", f"user of {name}", STRANGE, name), NOW)
    gone = {"id": "e1", "subject": "triple", "tenant": "north", "digest": "d", "at": BARE}
    store.insert("erasures", [gone | {"triple_id": name} for name in ("gone1", "gone2")])
    offered = {
        "kind": "promotion",
        "revision": "c",
        "previous": "",
        "gate_run": "g1",
        "proposed_by": "ann",
        "note": STRANGE,
    }
    decided = {"decision": "approved", "decided_by": "bob", "decided_at": BARE, "note": "", "serving": 1}
    store.insert("promotions", [offered | {"number": n, "proposed_at": BARE} for n in (1, 2)])
    store.insert("promotion_decisions", [decided | {"number": n} for n in (1, 2)])
    for name in ("g1", "g2"):
        keep_gate(store, GateResult(name, NOW, "c", "s", (Check("gold", Ruling.PASSED, STRANGE, "F1", 0.9, n=3),)))
    store.insert("calibrations", [{"id": f"c{n}", **curve, **counts} for n in (1, 2)])
