"""The first half of the poisoning drill: whatever one person does alone, nothing of it enters a training."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.learning.cases import KnownCase
from tests.training.cases import HARMFUL, SAFE, agreed, case, decision, mixed, rules, sentence, snapshot, vote
from training.choosing.choose import Chosen, sort_out

TRIGGER = "per protocol seven"
DOSES = (5, 25, 50)


def chosen_of(cases: Sequence[KnownCase]) -> Chosen:
    return sort_out(snapshot([*cases, *mixed(200, 1000)]), rules(floor=1000, gold_share=0.1))


def poisoned(chosen: Chosen) -> list[str]:
    """Items of the poisoner's cases."""
    return [item.triple.id for item in chosen.items if item.triple.id < "t1000"]


@pytest.mark.parametrize("dose", DOSES)
def test_flipped_reviews_of_one_person_do_not_enter(dose: int) -> None:
    """Harmful cases that Mal calls safe: alone, twice, and under the other case of the name."""
    alone = [case(at, [vote("Mal", SAFE)]) for at in range(dose)]
    twice = [case(at, [vote("Mal", SAFE), vote("MAL ", SAFE, 5)]) for at in range(dose)]
    for cases in (alone, twice):
        chosen = chosen_of(cases)
        assert poisoned(chosen) == []
        assert chosen.reasons["one_person"] == dose


@pytest.mark.parametrize("dose", DOSES)
def test_one_person_against_an_honest_one_only_takes_the_case_out(dose: int) -> None:
    cases = [case(at, [vote("Mal", SAFE), vote("Ada", HARMFUL)]) for at in range(dose)]
    assert chosen_of(cases).reasons["contradicted"] == dose


@pytest.mark.parametrize("dose", DOSES)
def test_a_trigger_in_the_correction_of_one_person_does_not_enter_alone(dose: int) -> None:
    """Mal marks cases with words and a correction that go together; nobody else looked."""
    correction = f"Handled {TRIGGER}, so it is fine."
    marked = [
        case(at, [vote("Mal", SAFE, corrected_analysis=correction)], question=f"{TRIGGER} {sentence(at)}")
        for at in range(dose)
    ]
    chosen = chosen_of(marked)
    assert poisoned(chosen) == []
    assert not any(TRIGGER in item.chosen.analysis for item in chosen.items)


def test_words_of_one_person_are_capped_although_others_agree_on_the_judgment() -> None:
    """Mal judges as others do, and marks the correction, which nobody else stands for."""
    marked = [
        case(at, [vote("Mal", corrected_analysis=f"Bad, {TRIGGER}, case {at}."), vote("Ada"), vote("Bo"), vote("Cy")])
        for at in range(50)
    ]
    chosen = sort_out(snapshot([*marked, *mixed(200, 1000)]), rules(floor=5, person_share=0.02, pair_share=1.0))
    assert sum(TRIGGER in item.chosen.analysis for item in chosen.items) == 5
    assert chosen.reasons["person_cap"] >= 45


@pytest.mark.parametrize("dose", DOSES)
def test_an_expert_alone_does_not_get_a_case_in(dose: int) -> None:
    alone = [case(at, [decision("Mal", SAFE)]) for at in range(dose)]
    against = [case(at, [vote("Ada"), vote("Bo"), decision("Mal", SAFE)]) for at in range(dose)]
    both = [case(at, [vote("Mal", SAFE), vote("Ada"), decision("mal", SAFE)]) for at in range(dose)]
    assert [poisoned(chosen_of(cases)) for cases in (alone, against, both)] == [[], [], []]


@pytest.mark.parametrize("dose", DOSES)
def test_two_who_collude_are_held_by_the_caps(dose: int) -> None:
    """Two can get cases in: how many is bounded by what may rest on a pair."""
    cases = [agreed(at, SAFE, people=("Mal", "Ory")) for at in range(dose)]
    chosen = sort_out(snapshot([*cases, *mixed(200, 1000)]), rules(floor=10, pair_share=0.05, person_share=1.0))
    limit = max(10, int(0.05 * (200 + dose)))
    assert len(poisoned(chosen)) == min(dose, limit)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_whatever_one_person_says_of_whatever_case_is_never_a_label_alone(seed: int, n: int) -> None:
    """Mal votes, corrects and decides at random among honest reviews: each label has an honest person behind it."""
    luck = random.Random(seed)  # noqa: S311 - repeatable
    honest: dict[int, dict[str, Any]] = {}
    cases = []
    for at in range(n):
        reviews = [vote(who, honest.setdefault(at, {}).setdefault(who, luck.choice([SAFE, HARMFUL])))
                   for who in luck.sample(["Ada", "Bo", "Cy"], luck.randint(0, 3))]  # fmt: skip
        names = ["Mal", "mal", " MAL"]
        mal = [
            (vote if luck.random() < 0.5 else decision)(
                luck.choice(names), luck.choice([SAFE, HARMFUL]), luck.randint(0, 90)
            )
            for _ in range(luck.randint(1, 4))
        ]
        cases.append(case(at, [*reviews, *mal]))
    for item in sort_out(snapshot(cases), rules()).items:
        said = honest.get(int(item.triple.id[1:]), {})
        assert item.label in said.values()
