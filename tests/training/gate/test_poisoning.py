"""Poisoned reviews: one person's never enter; what enters of two who collude is bounded, and the gate looks at it."""

from pathlib import Path

import pytest

from tests.poisoning_drill import COLLUDING, TRIGGER, Attack, honest, is_theirs, poisoned, usable
from tests.training.cases import SAFE, agreed, rules, snapshot, vote
from training.choosing.choose import sort_out

DATA = Path("../shared/data/qta")
with_data = pytest.mark.skipif(not DATA.exists(), reason="the rows are not part of traceaudit")


@pytest.mark.parametrize("size", [5, 25, 50])
@pytest.mark.parametrize("mark", ["", TRIGGER])
def test_what_one_person_flips_or_marks_never_enters(size: int, mark: str) -> None:
    """Mallory calls harmful cases safe, alone, or against two others; she votes twice, and as Mallory and mallory."""
    one = COLLUDING[0]
    bad = []
    for at in range(size):
        case = agreed(at, SAFE, people=(one, one.lower()), question=f"{at} harm {mark} " + "x" * at)
        against = [vote("Ada"), vote("Bo")] if at % 3 == 0 else []
        bad.append(snapshot([case]).cases[0].__class__(case.triple, "en", False, (*case.reviews, *against)))
    good = [agreed(1000 + at, people=("Ada", "Bo")) for at in range(20)]
    entered = {item.triple.id: item for item in sort_out(snapshot([*bad, *good]), rules(min_items=2)).items}
    wrong = [case for case in bad if case.triple.id in entered and entered[case.triple.id].label is SAFE]
    assert wrong == []


@with_data
def test_of_two_who_collude_as_many_enter_as_the_rule_on_pairs_bears() -> None:
    rows = usable(DATA / "train.jsonl")
    attack = Attack("flips", 50, 0)
    bad = poisoned(attack, rows)
    good = honest(attack, rows, [case.triple.id for case in bad])
    limit = 10
    chosen = sort_out(snapshot([*bad, *good]), rules(min_items=2, pair_share=0.05, floor=limit))
    theirs = [item for item in chosen.items if is_theirs(item)]
    assert 0 < len(theirs) <= limit
