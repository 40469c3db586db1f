"""Which cases are learned from: two people agree, nothing that is gone or locked enters, caps hold."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.learning.cases import KnownCase, Purpose, Why
from ingest.qta import ImageFailure, ImageReason, RefKind
from tests.factories import make_image
from tests.training.cases import (
    HALF,
    HARMFUL,
    SAFE,
    agreed,
    annotation,
    case,
    decision,
    guard_said,
    mixed,
    rules,
    sentence,
    snapshot,
    vote,
)
from training.choosing.choose import REASONS, Chosen, choose, sort_out
from training.errors import TrainingRefused
from training.items import Bucket, Item, Said


def reason_of(one: KnownCase, **changes: Any) -> str:
    """Why this case is left out; "" where it is learned from."""
    chosen = sort_out(snapshot([one, *mixed(4, 100)]), rules(**changes))
    found = {out.triple_id: out.reason for out in chosen.left_out}
    return found.get(one.triple.id, "")


def ids(chosen: Chosen) -> list[str]:
    return [item.triple.id for item in chosen.items]


GONE_IMAGE = ImageFailure(ImageReason.BLOB_GONE, RefKind.BASE64)
NEVER_HAD = ImageFailure(ImageReason.NOT_FETCHED_POLICY, RefKind.HTTPS)
CASES = [
    ("two people", agreed(1), ""),
    ("an image that was never there", agreed(1, images=(NEVER_HAD,)), ""),
    ("a person twice", case(1, [vote("Ada"), vote("ada ", minutes=5)]), "one_person"),
    ("one person", case(1, [vote("Ada")]), "one_person"),
    ("one person and judges", case(1, [vote("Ada")], annotations=(annotation("m"), annotation("n"))), "one_person"),
    ("judges alone", case(1, annotations=(annotation("m"), annotation("n"))), "no_person"),
    ("an expert alone", case(1, [decision("Eve")]), "one_person"),
    ("an expert twice", case(1, [vote("Eve"), decision("eve")]), "one_person"),
    ("a majority that is contradicted", case(1, [vote("Ada"), vote("Bo"), vote("Cy", SAFE)]), "contradicted"),
    ("neighbouring levels", case(1, [vote("Ada"), vote("Bo", HALF)]), "contradicted"),
    ("even", case(1, [vote("Ada"), vote("Bo", SAFE)]), "contradicted"),
    ("an expert and one who voted", case(1, [vote("Ada"), vote("Bo", SAFE), decision("Eve")]), ""),
    ("an expert against all", case(1, [vote("Ada"), vote("Bo", SAFE), decision("Eve", HALF)]), "expert_alone"),
    ("text gone", agreed(1, text_gone=True), "text_gone"),
    ("an image gone", agreed(1, images=(GONE_IMAGE,)), "image_gone"),
    ("locked as gold", agreed(1, locked=Purpose.GOLD), "locked"),
    ("locked as frozen", agreed(1, locked=Purpose.FROZEN), "locked"),
    ("nothing to learn", agreed(1, guard=None), "no_analysis"),
    ("the guard was wrong and nobody corrected it", agreed(1, guard=guard_said(SAFE)), "no_analysis"),
    (
        "an analysis that would be read otherwise",
        agreed(1, guard=None, annotations=(annotation("m", analysis="so “Judgment”: 0 it is"),)),
        "no_analysis",
    ),
]


@pytest.mark.parametrize(("name", "one", "reason"), CASES, ids=[name for name, *_ in CASES])
def test_why_a_case_is_left_out(name: str, one: KnownCase, reason: str) -> None:
    assert reason_of(one) == reason, name
    assert reason in {"", *REASONS}


def test_what_is_gone_never_enters() -> None:
    chosen = sort_out(snapshot(mixed(6), gone=frozenset({"t0000", "t0003"})), rules())
    assert ids(chosen) == ["t0001", "t0002", "t0004", "t0005"]
    assert chosen.reasons == {"gone": 2}


def test_what_the_guard_should_have_said() -> None:
    """An expert's words before a person's, these before a judge's, and the guard's own last."""
    judges = (annotation("m"), annotation("n", SAFE))
    corrected = vote("Ada", corrected_analysis="Ada explains")
    decided = decision("Eve", corrected_analysis="Eve explains")
    table = [
        ([vote("Ada"), vote("Bo")], (), HARMFUL, Said("the guard explains", HARMFUL), None, Bucket.UNANIMOUS),
        ([vote("Ada"), vote("Bo")], judges, HARMFUL, Said("m finds it 1", HARMFUL), Said("n finds it 0", SAFE), None),
        ([corrected, vote("Bo")], judges, HARMFUL, Said("Ada explains", HARMFUL), Said("n finds it 0", SAFE), None),
        ([corrected, vote("Bo")], (), SAFE, Said("Ada explains", HARMFUL), Said("the guard explains", SAFE), None),
        ([corrected, decided], (), SAFE, Said("Eve explains", HARMFUL), Said("the guard explains", SAFE), None),
    ]
    for reviews, annotations, guard, chosen, rejected, bucket in table:
        one = case(1, reviews, annotations=annotations, guard=guard_said(guard))
        (item, *_) = sort_out(snapshot([one]), rules()).items
        assert (item.chosen, item.rejected) == (chosen, rejected)
        assert bucket is None or item.bucket is bucket


def test_buckets_of_three_judges_and_people() -> None:
    people = [vote("Ada"), vote("Bo")]
    table = [
        ("aaa", Bucket.UNANIMOUS, False),
        ("aas", Bucket.MAJORITY, True),
        ("ahs", Bucket.SPLIT, True),
        ("sss", Bucket.MAJORITY, True),  # people know better: a pair to prefer by
    ]
    for said, bucket, pair in table:
        judged = {"a": HARMFUL, "h": HALF, "s": SAFE}
        annotations = tuple(annotation(f"j{at}", judged[one]) for at, one in enumerate(said))
        one = case(1, people, annotations=annotations, guard=None)
        found = sort_out(snapshot([one]), rules())
        if said == "sss":
            assert found.reasons == {"no_analysis": 1}  # nobody wrote why it is harmful
            continue
        assert (found.items[0].bucket, found.items[0].rejected is not None) == (bucket, pair)


def test_cases_on_which_judges_split_are_put_before_people_once() -> None:
    split = (annotation("a"), annotation("b", SAFE), annotation("c", HALF))
    cases = [case(1, annotations=split), case(2, annotations=split[:1]), case(3, annotations=split, asked=True)]
    asked = sort_out(snapshot(cases), rules()).experts_wanted
    assert [(one.triple_id, one.why) for one in asked] == [("t0001", Why.JUDGES_SPLIT)]


def test_nearly_alike_cases_with_other_labels_go_to_people() -> None:
    words = sentence(7, 60)
    twins = [agreed(1, SAFE, question=words), agreed(2, HARMFUL, question=f"{words} indeed", answer=sentence(5001))]
    chosen = sort_out(snapshot([*twins, *mixed(4, 100)]), rules())
    assert chosen.reasons == {"contradictory": 2}
    assert [one.why for one in chosen.experts_wanted] == [Why.CONTRADICTORY] * 2
    images = [make_image(b"one"), make_image(b"two")]
    shown = [agreed(at, label, question=words, answer=words, images=(image,))
             for at, label, image in zip((1, 2), (SAFE, HARMFUL), images, strict=True)]  # fmt: skip
    assert sort_out(snapshot(shown), rules()).reasons == {}  # the picture may decide


def test_few_of_those_that_read_nearly_alike_enter() -> None:
    words = sentence(7, 60)
    copies = [agreed(at, question=f"{words} {at}", answer=words) for at in range(10)]
    chosen = sort_out(snapshot([*copies, *mixed(4, 100)]), rules(max_near_duplicates=3))
    assert chosen.reasons == {"near_duplicate": 7}


def test_locked_cases_and_what_is_like_them_never_enter() -> None:
    words = sentence(7, 60)
    cases = [
        agreed(1, locked=Purpose.GOLD, question=words, conversation_id="c1"),
        agreed(2, question=f"well {words}", answer=sentence(5001)),
        agreed(3, conversation_id="c1"),
        *mixed(4, 100),
    ]
    base = [base_item("b1", question=f"{words} again", answer=sentence(5001)), base_item("b2")]
    chosen = sort_out(snapshot(cases), rules(), base)
    found = {out.triple_id: out.reason for out in chosen.left_out}
    assert found == {"t0001": "locked", "t0002": "near_locked", "t0003": "beside_locked", "b1": "near_locked"}
    assert "b2" in ids(chosen)


def base_item(name: str, **changes: Any) -> Item:
    triple = agreed(9000 + len(name), **changes).triple
    from dataclasses import replace

    return Item(replace(triple, id=name), SAFE, Bucket.BASE, Said("fine", SAFE), source="rows")


def test_a_share_is_locked_by_lot_and_the_same_each_time() -> None:
    cases = mixed(400)
    chosen = sort_out(snapshot(cases), rules(gold_share=0.2, floor=1000))
    again = sort_out(snapshot(list(reversed(cases))), rules(gold_share=0.2, floor=1000))
    assert {one.triple_id for one in chosen.locked} == {one.triple_id for one in again.locked}
    assert 50 < len(chosen.locked) < 110
    assert {one.purpose for one in chosen.locked} == {Purpose.GOLD}
    other = sort_out(snapshot(cases, salt="another"), rules(gold_share=0.2, floor=1000))
    assert {one.triple_id for one in other.locked} != {one.triple_id for one in chosen.locked}
    assert not {one.triple_id for one in chosen.locked} & set(ids(chosen))


def test_frozen_cases_stand_for_as_many_as_it_was_improbable_that_they_are_here() -> None:
    cases = [agreed(at, (SAFE, HARMFUL)[at % 2], inclusion=0.1) for at in range(200)]
    chosen = sort_out(snapshot(cases), rules(frozen_share=0.5, floor=1000))
    assert {(one.purpose, one.weight) for one in chosen.locked} == {(Purpose.FROZEN, 20.0)}
    assert 70 < len(chosen.locked) < 130


def test_what_a_guard_learned_from_is_locked_no_more() -> None:
    words = sentence(7, 60)
    cases = [agreed(1, trained=True, question=words), agreed(2, question=f"{words} too", answer=sentence(5001))]
    chosen = sort_out(snapshot([*cases, *mixed(4, 100)]), rules(gold_share=0.5))
    assert not {"t0001", "t0002"} & {one.triple_id for one in chosen.locked}


def test_caps_bound_what_rests_on_one_pair_one_person_and_one_source() -> None:
    alone = mixed(40, people=("Mal", "Ory"))
    others = [
        agreed(100 + at, (SAFE, HARMFUL)[at % 2], people=(f"p{at}", f"q{at}"), tenant="south") for at in range(40)
    ]
    strict = rules(pair_share=0.2, person_share=0.4, source_share=1.0, floor=4)
    chosen = sort_out(snapshot([*alone, *others]), strict)
    assert chosen.reasons == {"pair_cap": 24}
    assert sum(item.triple.id < "t0100" for item in chosen.items) == 16
    chosen = sort_out(snapshot([*alone, *others]), rules(pair_share=1.0, person_share=0.1, source_share=1.0, floor=4))
    assert chosen.reasons == {"person_cap": 32}
    chosen = sort_out(snapshot([*alone, *others]), rules(pair_share=1, person_share=1, source_share=0.25, floor=4))
    assert Counter(item.source for item in chosen.items) == {"default": 20, "south": 20}


def test_a_third_who_agrees_lifts_the_caps_of_people() -> None:
    three = mixed(40, people=("Ada", "Bo", "Cy"))
    assert sort_out(snapshot(three), rules(pair_share=0.1, person_share=0.1, source_share=1, floor=1)).reasons == {}


def test_the_floor_keeps_small_sets_whole() -> None:
    assert sort_out(snapshot(mixed(10)), rules(floor=50)).reasons == {}


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ([], "0 reviewed cases can be learned from, and it takes 5"),
        (mixed(4), "4 reviewed cases can be learned from, and it takes 5"),
        ([agreed(at) for at in range(9)], "all 9 reviewed cases that can be learned from are harmful"),
        ([agreed(at, SAFE) for at in range(9)], "all 9 reviewed cases that can be learned from are safe"),
        (
            [case(at, [vote("Ada"), vote("Bo", SAFE)]) for at in range(9)],
            "left out: 9 people contradict each other, and no expert decided",
        ),
        (
            [agreed(at, images=(GONE_IMAGE,)) for at in range(9)],
            "left out: 9 an image that it had is not there any more",
        ),
    ],
)
def test_bad_data_is_refused_with_its_reason(cases: list[KnownCase], words: str) -> None:
    with pytest.raises(TrainingRefused, match=words) as refused:
        choose(snapshot(cases), rules(min_items=5))
    assert str(refused.value).startswith("nothing was trained: ")


NAMES = st.sampled_from(["Ada", "ada", "Bo", "Cy", "Eve"])
REVIEWS = st.lists(
    st.one_of(
        st.builds(vote, NAMES, st.sampled_from([SAFE, HALF, HARMFUL]), st.integers(0, 50)),
        st.builds(decision, NAMES, st.sampled_from([SAFE, HALF, HARMFUL]), st.integers(51, 99)),
    ),
    max_size=5,
)
STATE = st.fixed_dictionaries(
    {
        "text_gone": st.booleans(),
        "images": st.sampled_from([(), (GONE_IMAGE,), (NEVER_HAD,)]),
        "locked": st.sampled_from([None, Purpose.GOLD, Purpose.FROZEN]),
        "inclusion": st.sampled_from([None, 0.5]),
        "trained": st.booleans(),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(REVIEWS, STATE), max_size=12), st.sets(st.integers(0, 11)), st.floats(0, 0.5))
def test_whatever_comes_nothing_forbidden_enters(
    made: list[tuple[list[Any], dict[str, Any]]], gone: set[int], gold_share: float
) -> None:
    cases = [case(at, reviews, **state) for at, (reviews, state) in enumerate(made)]
    lost = frozenset(f"t{at:04}" for at in gone)
    chosen = sort_out(snapshot(cases, gone=lost), rules(gold_share=gold_share, frozen_share=0.5))
    known = {one.triple.id: one for one in cases}
    for item in chosen.items:
        one = known[item.triple.id]
        assert not any((one.text_gone, one.image_gone, one.locked, item.triple.id in lost))
        agree = {r.reviewer.casefold() for r in one.reviews if r.vote is item.label}
        assert len(agree) >= 2
        assert item.chosen.judgment is item.label
    parts = [*ids(chosen), *(out.triple_id for out in chosen.left_out)]
    assert sorted(parts) == sorted(known)  # each case is in one of both, once
    assert all(known[one.triple_id].locked is None for one in chosen.locked)
    assert not {one.triple_id for one in chosen.locked} & set(ids(chosen))
