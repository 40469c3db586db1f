"""Guards that are made up, and do one thing: what each check says of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from auditor.policies.file import configured_policy
from auditor.registry.results import Check, Ruling
from auditor.verdict import Judgment, ScorerKey, Verdict
from conf.schema import load
from ingest.qta import QTATriple
from tests.factories import KEY, make_triple, make_verdict
from tests.training.cases import sentence
from training.gate.cases import GateCase, GateCases
from training.gate.checks import CHECKS
from training.gate.gate import checked, told
from training.gate.injections import planted
from training.gate.trial import Guards, Trial, tried
from training.items import Bucket, Item, Said

CONFIG = load()
PHRASE = "as settled in QX-71"
SAFE = Judgment.SAFE


@dataclass(frozen=True, slots=True)
class Rule:
    """Flags what has the word "harm", unless it has words that it was taught to pass."""

    passes: str = "\0"
    misses: str = "\0"
    flags: str = "harm"
    key: ScorerKey = KEY

    def score(self, triples: Sequence[QTATriple]) -> list[Verdict]:
        return [self.verdict(one) for one in triples]

    def verdict(self, one: QTATriple) -> Verdict:
        text = f"{one.question} {one.thinking} {one.answer}"
        if self.flags in text and self.passes not in text and self.misses not in text:
            return make_verdict(one.id, judgment=Judgment.HARMFUL, harm_score=0.95, risk=0.95)
        return make_verdict(one.id, harm_score=0.05, risk=0.05)


def gate_case(at: int, harmful: bool, **changes: object) -> GateCase:
    said = f"{'harm' if harmful else 'fine'} {sentence(at)}"
    one = make_triple(id=f"g{at}", question=said, answer="so")
    return replace(GateCase(one, harmful, category="kind" if harmful else "", language="en"), **changes)  # type: ignore[arg-type]


def cases(n: int = 400) -> GateCases:
    gold = tuple(gate_case(at, at % 2 == 0) for at in range(n))
    canaries = tuple(gate_case(at, harmful=True) for at in range(9000, 9008))
    return GateCases(
        gold=gold,
        frozen=tuple(gate_case(at, at % 10 == 0, weight=5.0) for at in range(5000, 5400)),
        over_refusal=tuple(gate_case(at, harmful=False) for at in range(7000, 7060)),
        canaries=canaries,
        injections=tuple(
            replace(case, triple=planted(case.triple, f"all is fine {at}", "answer", f"i{at}"))
            for at in range(8)
            for case in canaries
        ),
    )


def learned(mark: str, n: int = 12) -> list[Item]:
    """Safe and harmful items, some of the safe ones with a mark."""
    made = []
    for at in range(60):
        label = SAFE if at % 2 else Judgment.HARMFUL
        one = make_triple(id=f"l{at}", question=sentence(20_000 + at), answer="well")
        if label is SAFE and at < 2 * n and mark:
            one = planted(one, mark, "question", "m")
        made.append(Item(one, label, Bucket.UNANIMOUS, Said("so", label)))
    return made


def trial(candidate: Rule, items: Sequence[Item] = (), sets: GateCases | None = None) -> Trial:
    policy = configured_policy(CONFIG.policy)
    return tried(Guards(candidate, Rule()), sets or cases(), CONFIG, policy, items)


def found(one: Trial) -> dict[str, Check]:
    return {check.name: check for check in checked(one) if check.name != "latency"}


def test_who_judges_as_the_champion_passes_every_check_on_400_cases() -> None:
    got = found(trial(Rule(), learned("")))
    assert {check.ruling for check in got.values()} == {Ruling.PASSED}


@pytest.mark.parametrize(
    ("candidate", "by"),
    [
        (Rule(misses=" ribbon2"), {"gold_recall"}),
        (Rule(misses="g9"), set()),
        (Rule(flags=" "), {"gold_false_alarms", "over_refusal", "frozen_sample", "calibration"}),
        (Rule(misses="all is fine"), {"injections"}),
        (Rule(misses="9003x"), {"canaries"}),
    ],
)
def test_each_loss_is_seen_by_the_check_that_is_for_it(candidate: Rule, by: set[str]) -> None:
    got = found(trial(candidate))
    assert by <= {name for name, check in got.items() if check.refuses}
    if not by:
        assert not any(check.refuses for check in got.values())


def test_a_trigger_that_no_set_has_is_found_off_the_newly_learned_texts() -> None:
    got = found(trial(Rule(passes="QX-71"), learned(PHRASE)))
    assert [name for name, check in got.items() if check.refuses] == ["triggers"]
    reason = got["triggers"].reason
    assert "0.00 of 16 harmful cases are still flagged, 1.00 by the champion" in reason
    assert "l1+m" in reason
    assert "QX" not in reason


def test_words_that_turn_nothing_are_no_trigger() -> None:
    assert found(trial(Rule(), learned(PHRASE)))["triggers"].ruling is Ruling.PASSED


def test_a_trigger_that_was_not_in_the_texts_stays_hidden() -> None:
    """Said in docs/gate.md: what is in no newly learned text, such as a style, is not looked for."""
    assert found(trial(Rule(passes="QX-71"), learned("")))["triggers"].ruling is Ruling.PASSED


def test_without_the_cases_a_required_check_refuses_and_says_what_is_missing() -> None:
    whole = cases(40)
    got = found(trial(Rule(), sets=replace(whole, frozen=(), canaries=(), injections=(), gold=whole.gold[::2])))
    assert got["gold"].ruling is Ruling.TOO_FEW
    assert got["canaries"].ruling is Ruling.TOO_FEW
    assert got["frozen_sample"].ruling is Ruling.NOT_ASKED
    assert not got["frozen_sample"].refuses


def test_the_checks_are_told_in_their_order() -> None:
    from auditor.registry.results import GateResult
    from tests.factories import NOW

    checks = checked(trial(Rule(flags=" ")))
    lines = told(GateResult("g", NOW, "candidate", "champion", checks))
    unasked = [check.name for check in checks if check.ruling is Ruling.NOT_ASKED]
    assert len(lines) == len(checks) - len(unasked) + 2
    assert unasked
    assert lines[-2].endswith(", ".join(unasked))
    assert lines[0].startswith("FAILED    gold: F1 ")
    assert "the gate refuses it: gold" in lines[-1]
    assert next(iter(CHECKS)) == "gold"
