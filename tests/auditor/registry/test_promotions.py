"""A model is proposed by one person and approved by another; the way back is one step; the pointer follows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.errors import ModelUnusable, OutputUnwritable, PromotionRefused
from auditor.policies.store import Act
from auditor.registry.folder import Registry, Version
from auditor.registry.promotions import (
    Kind,
    Promotion,
    decide,
    history,
    propose,
    propose_rollback,
    reconcile,
    roll_back,
    standing,
)
from auditor.registry.results import GateResult, Ruling
from auditor.store import MEMORY, Store
from tests.auditor.registry.made import BASE_REVISION, NOW, added, at_most, gate, registry_in


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield opened


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return registry_in(tmp_path)


@pytest.fixture
def first(registry: Registry, tmp_path: Path) -> Version:
    return added(registry, tmp_path / "first", 0.01)


def act(by: str, note: str = "") -> Act:
    return Act(by, NOW, note)


def promoted(store: Store, registry: Registry, version: Version) -> Promotion:
    made = propose(store, registry, version.revision, act("ana"))
    return decide(store, registry, made.number, act("ben"), approve=True)


def events(store: Store) -> list[tuple[str, str]]:
    query = "SELECT kind, actor FROM events WHERE kind LIKE 'model.%' ORDER BY seq"
    return [(kind, actor) for kind, actor in store.connection.execute(query).fetchall()]


def test_another_person_approves_and_then_it_serves(store: Store, registry: Registry, first: Version) -> None:
    made = propose(store, registry, first.revision[:10], act("ana", "better on zh"))
    assert (made.kind, made.previous, made.gate_run, made.is_open) == (Kind.PROMOTION, "", "g1", True)
    assert registry.serving() is None
    for same in ("ana", " ANA "):
        with pytest.raises(PromotionRefused, match="another person approves it"):
            decide(store, registry, 1, act(same), approve=True)
    done = decide(store, registry, 1, act("ben"), approve=True)
    assert (done.decision, done.decided_by, done.serving) == ("approved", "ben", 1)
    assert registry.champion() == first.revision
    assert registry.serving() == standing(history(store.connection))
    assert events(store) == [("model.proposed", "ana"), ("model.promoted", "ben"), ("model.pointed", "traceaudit")]


def test_who_proposed_may_withdraw_by_rejecting(store: Store, registry: Registry, first: Version) -> None:
    propose(store, registry, first.revision, act("ana"))
    assert decide(store, registry, 1, act("ana"), approve=False).decision == "rejected"
    assert registry.serving() is None
    with pytest.raises(PromotionRefused, match="was rejected by ana"):
        decide(store, registry, 1, act("ben"), approve=True)


def gated(registry: Registry, version: Version, result: GateResult | None) -> None:
    registry.sign(version.folder, replace(version.manifest, gate=result))


def test_what_no_gate_let_pass_is_not_proposed(store: Store, registry: Registry, first: Version) -> None:
    at = first.revision
    gated(registry, first, None)
    with pytest.raises(PromotionRefused, match="tried by no gate"):
        propose(store, registry, at, act("ana"))
    gated(registry, first, gate(at, BASE_REVISION, Ruling.FAILED))
    with pytest.raises(PromotionRefused, match=r"refused .*: gold: F1 0.91 against 0.90"):
        propose(store, registry, at, act("ana"))
    gated(registry, first, replace(gate(at, BASE_REVISION), checks=()))
    with pytest.raises(PromotionRefused, match="it checked nothing"):
        propose(store, registry, at, act("ana"))
    gated(registry, first, gate(at, "e" * 64))
    with pytest.raises(PromotionRefused, match="let the gate try it again"):
        propose(store, registry, at, act("ana"))
    assert history(store.connection) == []


def test_one_proposal_at_a_time_of_a_version(store: Store, registry: Registry, first: Version) -> None:
    propose(store, registry, first.revision, act("ana"))
    with pytest.raises(PromotionRefused, match="proposed already: number 1"):
        propose(store, registry, first.revision, act("cleo"))
    with pytest.raises(PromotionRefused, match="nothing was proposed under number 7"):
        decide(store, registry, 7, act("ben"), approve=True)
    with pytest.raises(PromotionRefused, match="say who does this"):
        decide(store, registry, 1, act(" "), approve=True)


def test_what_was_changed_after_the_proposal_does_not_come_to_serve(
    store: Store, registry: Registry, first: Version
) -> None:
    propose(store, registry, first.revision, act("ana"))
    weights = first.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    with pytest.raises(ModelUnusable, match="not what was added"):
        decide(store, registry, 1, act("ben"), approve=True)
    assert history(store.connection)[0].is_open
    assert registry.serving() is None


def test_back_and_back_again_and_no_further(store: Store, registry: Registry, first: Version, tmp_path: Path) -> None:
    promoted(store, registry, first)
    gated(registry, first, gate(first.revision, first.revision))
    with pytest.raises(PromotionRefused, match="serves already"):
        propose(store, registry, first.revision, act("ana"))
    second = added(registry, tmp_path / "second", 0.02, champion=first.revision)
    promoted(store, registry, second)
    assert registry.champion() == second.revision
    back = roll_back(store, registry, act("cleo", "false alarms"))
    assert (back.kind, back.revision, back.previous, back.serving) == (
        Kind.ROLLBACK,
        first.revision,
        second.revision,
        3,
    )
    assert registry.champion() == first.revision
    assert roll_back(store, registry, act("cleo")).revision == ""
    assert registry.champion() == BASE_REVISION
    assert registry.serving() is not None
    with pytest.raises(PromotionRefused, match="nothing to go back to"):
        roll_back(store, registry, act("cleo"))
    assert [one for one, _ in events(store) if one == "model.rolled_back"] == ["model.rolled_back"] * 2


def test_a_rollback_can_be_put_to_a_second_person(store: Store, registry: Registry, first: Version) -> None:
    with pytest.raises(PromotionRefused, match="nothing to go back to"):
        propose_rollback(store, act("ana"))
    promoted(store, registry, first)
    made = propose_rollback(store, act("ana"))
    with pytest.raises(PromotionRefused, match="a rollback is proposed already"):
        propose_rollback(store, act("cleo"))
    with pytest.raises(PromotionRefused, match="another person"):
        decide(store, registry, made.number, act("ana"), approve=True)
    assert decide(store, registry, made.number, act("ben"), approve=True).serving == 2
    assert registry.champion() == BASE_REVISION


def test_what_was_proposed_while_another_served_is_proposed_anew(
    store: Store, registry: Registry, first: Version, tmp_path: Path
) -> None:
    second = added(registry, tmp_path / "second", 0.02)
    propose(store, registry, first.revision, act("ana"))
    propose(store, registry, second.revision, act("ana"))
    decide(store, registry, 1, act("ben"), approve=True)
    with pytest.raises(PromotionRefused, match="let the gate try it again"):
        decide(store, registry, 2, act("ben"), approve=True)
    propose_rollback(store, act("ana"))
    roll_back(store, registry, act("cleo"))
    with pytest.raises(PromotionRefused, match="propose it anew"):
        decide(store, registry, 3, act("ben"), approve=True)


@pytest.mark.parametrize("done", ["gone", "torn", "old", "forged"])
def test_the_pointer_is_mended_to_what_was_decided(
    store: Store, registry: Registry, first: Version, tmp_path: Path, done: str
) -> None:
    promoted(store, registry, first)
    path = registry.folder / "serving.json"
    old = path.read_bytes()
    second = added(registry, tmp_path / "second", 0.02, champion=first.revision)
    promoted(store, registry, second)
    new = path.read_bytes()
    changed = {"torn": new[:40], "old": old, "forged": new.replace(second.revision.encode(), first.revision.encode())}
    path.unlink() if done == "gone" else path.write_bytes(changed[done])
    mended = reconcile(store, registry, NOW + timedelta(hours=1))
    assert mended is not None
    assert mended.why == ("behind" if done in {"gone", "old"} else "unreadable")
    assert registry.champion() == second.revision
    assert reconcile(store, registry, NOW) is None


def test_a_disk_that_is_full_leaves_what_served_and_the_decision_is_followed_later(
    store: Store, registry: Registry, first: Version, tmp_path: Path
) -> None:
    promoted(store, registry, first)
    second = added(registry, tmp_path / "second", 0.02, champion=first.revision)
    number = propose(store, registry, second.revision, act("ana")).number
    with at_most(50), pytest.raises(OutputUnwritable, match="File too large; nothing was changed there"):
        decide(store, registry, number, act("ben"), approve=True)
    assert history(store.connection)[-1].serving == 2
    assert registry.champion() == first.revision
    assert not list(registry.folder.rglob(".new-*"))
    mended = reconcile(store, registry, NOW)
    assert mended is not None
    assert registry.champion() == second.revision


def test_a_pointer_of_a_later_decision_is_left_alone(store: Store, registry: Registry, first: Version) -> None:
    promoted(store, registry, first)
    now = registry.serving()
    assert now is not None
    registry.point(replace(now, number=9, revision=""))
    assert reconcile(store, registry, NOW) is None
    assert registry.champion() == BASE_REVISION
    assert roll_back(store, registry, act("cleo")).serving == 10
    assert registry.serving() == standing(history(store.connection))
