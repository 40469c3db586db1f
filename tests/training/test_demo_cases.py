import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from auditor.metrics import Scored, auroc
from auditor.rows import LabelledRow
from auditor.verdict import Judgment
from ingest.qta import ThinkingKind
from tests.factories import make_image, make_triple
from training.demo import judges
from training.demo.ablation import ablation_table, spread
from training.demo.cases import Case, SourceLabels, base_pairs, make_cases, shown
from training.demo.examples import Donors, Example, write_analysis
from training.demo.judges import JUDGES, harmful_shares, judgment_at, label_vote, votes_on
from training.items import Bucket, Said, Vote, Voter, VoterKind
from training.stages.oracle import Conflict, Ruled

SAFE, DOUBT, HARMFUL = Judgment.SAFE, Judgment.POTENTIALLY_HARMFUL, Judgment.HARMFUL
DONORS = Donors(("One. Two. Three.",), (make_image(),))


def row(number: int, label: Judgment, source: str = "xstest", question: str = "") -> LabelledRow:
    """A chat without thinking."""
    triple = make_triple(
        id=f"row-{number}", question=question or f"Question {number}?", thinking=None, thinking_kind=ThinkingKind.ABSENT
    )
    return LabelledRow(triple, label, source, "other")


def case_of(label: Judgment, *said: Judgment, source: str = "xstest") -> Case:
    """The case of a row on which the judges said this."""
    one = row(1, label, source)
    examples = make_examples_of([one])
    votes = [Vote(Voter(name, VoterKind.JUDGE), judgment) for name, judgment in zip(JUDGES, said, strict=True)]
    (case,) = make_cases([one], examples, [(label_vote(one), *votes)])
    return case


def make_examples_of(rows: list[LabelledRow]) -> list[Example]:
    """Examples without a model of categories, for which the rows would be too few."""
    return [Example(one.triple, one.category or "", one.label, one.source) for one in rows]


@pytest.mark.parametrize(
    ("label", "said", "bucket", "rejected"),
    [
        (HARMFUL, (HARMFUL, HARMFUL, HARMFUL), Bucket.UNANIMOUS, None),
        (HARMFUL, (HARMFUL, SAFE, HARMFUL), Bucket.MAJORITY, SAFE),
        (SAFE, (HARMFUL, HARMFUL, DOUBT), Bucket.MAJORITY, HARMFUL),  # a person's label outranks all three
        (SAFE, (SAFE, SAFE, DOUBT), Bucket.MAJORITY, DOUBT),
        (HARMFUL, (SAFE, DOUBT, HARMFUL), Bucket.SPLIT, SAFE),  # of as many, what is farther from the label
        (DOUBT, (HARMFUL, HARMFUL, HARMFUL), Bucket.MAJORITY, HARMFUL),
    ],
)
def test_votes_decide_where_a_row_goes_and_what_it_rejects(
    label: Judgment, said: tuple[Judgment, ...], bucket: Bucket, rejected: Judgment | None
) -> None:
    item = case_of(label, *said).item
    assert (item.bucket, item.label, item.chosen.judgment) == (bucket, label, label)
    assert (item.rejected.judgment if item.rejected else None) is rejected


def test_a_label_that_a_model_gave_is_one_vote_and_may_be_overruled() -> None:
    case = case_of(SAFE, HARMFUL, HARMFUL, HARMFUL, source="jbb-artifacts")
    assert (case.item.label, case.own_label, case.item.bucket) == (HARMFUL, SAFE, Bucket.MAJORITY)


def test_the_oracle_rules_by_the_sources_own_label_and_a_split_case_has_its_experts_word() -> None:
    for label, ruled in ((HARMFUL, Ruled.LABEL_RIGHT), (SAFE, Ruled.LABEL_WRONG)):
        case = case_of(label, HARMFUL, HARMFUL, HARMFUL, source="star-1")
        assert SourceLabels({"row-1": label}).rule([Conflict(case.item, Said("x", SAFE))]) == [ruled]
    split = case_of(HARMFUL, SAFE, DOUBT, HARMFUL)
    assert [vote.judgment for vote in split.item.votes if vote.voter.kind is VoterKind.EXPERT] == [HARMFUL]


def test_an_item_is_shown_anew_in_each_pass_and_its_analysis_follows_what_is_seen() -> None:
    case = case_of(HARMFUL, HARMFUL, SAFE, HARMFUL)
    items = shown([case], DONORS, 200, random.Random(1))  # noqa: S311 - reproducible, not secret
    assert 20 < sum(item.triple.thinking is not None for item in items) < 60
    for item in items:
        assert item.rejected
        assert item.chosen.analysis == item.rejected.analysis == write_analysis(item.triple, "other")
        assert (item.chosen.judgment, item.rejected.judgment) == (HARMFUL, SAFE)


def test_pairs_of_the_base_reject_the_other_end_and_come_of_what_all_agree_on() -> None:
    agreed = [case_of(label, label, label, label) for label in (SAFE, HARMFUL)]
    pairs = base_pairs([*agreed, case_of(SAFE, SAFE, HARMFUL, SAFE)], 9, random.Random(1))  # noqa: S311
    assert Counter((p.item.chosen.judgment, p.item.rejected and p.item.rejected.judgment) for p in pairs) == Counter(
        [(SAFE, HARMFUL), (HARMFUL, SAFE)]
    )


@pytest.mark.parametrize("judge", JUDGES)
def test_a_judge_does_not_vote_on_what_it_learned(judge: str) -> None:
    """With labels drawn by lot, a model scores its own rows near 1; one that never saw them cannot beat chance."""
    rng = np.random.default_rng(5)
    labels = [Judgment.HARMFUL if drawn else Judgment.SAFE for drawn in rng.random(120) < 0.5]
    rows = [row(n, label, question=" ".join(rng.choice(WORDS, 12))) for n, label in enumerate(labels)]
    found = auroc(harmful_shares(judge, rows).tolist(), [label is HARMFUL for label in labels])
    assert found is not None
    assert found < 0.65


WORDS = [f"{a}{b}" for a in ("ba", "ke", "li", "mo", "su") for b in ("n", "r", "t", "sk", "lo", "pe")]


def test_rows_with_one_question_share_a_fold() -> None:
    """Two rows of each question, labelled alike at random: a judge that had seen the twin would know."""
    rng = np.random.default_rng(6)
    labels = [Judgment.HARMFUL if drawn else Judgment.SAFE for drawn in rng.random(60) < 0.5]
    questions = [" ".join(rng.choice(WORDS, 12)) for _ in labels]
    rows = [row(n, labels[n % 60], question=questions[n % 60]) for n in range(120)]
    found = auroc(harmful_shares("characters", rows).tolist(), [one.label is HARMFUL for one in rows])
    assert found is not None
    assert found < 0.65


def test_a_judge_in_doubt_says_so() -> None:
    assert [judgment_at(share) for share in (0.0, 0.39, 0.4, 0.59, 0.6, 1.0)] == [
        SAFE,
        SAFE,
        *[DOUBT] * 2,
        *[HARMFUL] * 2,
    ]


def test_the_judges_are_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(n, (SAFE, HARMFUL)[n % 2]) for n in range(40)]
    first = votes_on(rows, tmp_path / "judges.json")
    monkeypatch.setattr(judges, "harmful_shares", None)
    assert votes_on(rows, tmp_path / "judges.json") == first
    assert [vote.voter.name for vote in first[0]] == ["label of xstest", *JUDGES]


def test_the_table_gives_mean_and_deviation_over_seeds() -> None:
    """Accuracy 1 and 0.5: mean 0.75, sample deviation sqrt(2 * 0.25^2) = 0.354."""
    right = [Scored(True, 0.9, HARMFUL, "xstest"), Scored(False, 0.1, SAFE, "r-judge")]
    half = [Scored(True, 0.9, HARMFUL, "xstest"), Scored(False, 0.2, HARMFUL, "r-judge")]
    table = ablation_table({"base + SFT": [right, half]})
    assert "| **base + SFT** | 2 | 1.000 ± 0.000 | 0.833 ± 0.236 | 0.750 ± 0.354 | 0.0 |" in table
    assert "| agents: base + SFT | 1 | – |" in table
    assert spread([0.5]) == "0.500"
