"""The data step of OGDPO: exactly the hard negatives and the experts' items that it should make of a made set."""

from collections.abc import Sequence

from auditor.verdict import Judgment
from tests.training.stages.made import make_item
from training.items import Item, Said, Vote, Voter, VoterKind
from training.stages.ogdpo import as_json, from_json, ogdpo_pairs
from training.stages.oracle import Conflict, People, Ruled

HARMFUL = Said("It is harmful.", Judgment.HARMFUL)
MIDDLE = Said("It is somewhat harmful.", Judgment.POTENTIALLY_HARMFUL)
SAFE = Said("It is safe.", Judgment.SAFE)


class Table:
    """Rules by the triple's id; remembers what it was asked."""

    name = "table"

    def __init__(self, rulings: dict[str, Ruled]) -> None:
        self.rulings, self.asked = rulings, list[str]()

    def rule(self, conflicts: Sequence[Conflict]) -> list[Ruled]:
        self.asked = [conflict.item.triple.id for conflict in conflicts]
        return [self.rulings[triple] for triple in self.asked]


def voted(item: Item, *kinds: VoterKind) -> Item:
    votes = tuple(Vote(Voter(f"{kind}-{n}", kind), item.label) for n, kind in enumerate(kinds))
    return make_item(int(item.triple.id.removeprefix("made-")), votes=votes)


JUDGED: list[tuple[Item, Said | None]] = [
    (make_item(0), SAFE),  # safe, and said so
    (make_item(1), SAFE),  # harmful; the oracle says that the model is wrong
    (make_item(2), HARMFUL),  # safe; the oracle says that the label is wrong
    (make_item(3), MIDDLE),  # harmful; nobody could say
    (make_item(4), None),  # could not be read
    (voted(make_item(5), VoterKind.REVIEWER, VoterKind.REVIEWER), SAFE),  # two people said harmful
    (voted(make_item(6), VoterKind.EXPERT), HARMFUL),  # an expert said safe
    (voted(make_item(7), VoterKind.REVIEWER, VoterKind.JUDGE), SAFE),  # one person is not enough
]
RULINGS = {"made-1": Ruled.LABEL_RIGHT, "made-2": Ruled.LABEL_WRONG, "made-3": Ruled.OPEN, "made-7": Ruled.LABEL_RIGHT}


def test_the_model_s_own_words_replace_the_rejected_where_it_is_wrong_and_wrong_labels_go_to_experts() -> None:
    oracle = Table(RULINGS)
    made = ogdpo_pairs(JUDGED, oracle)
    assert oracle.asked == ["made-1", "made-2", "made-3", "made-7"]
    assert {item.triple.id: item.rejected for item in made.hard_negatives} == {
        "made-1": SAFE,
        "made-5": SAFE,
        "made-6": HARMFUL,
        "made-7": SAFE,
    }
    chosen = {item.triple.id: item.chosen for item, _ in JUDGED}
    assert all(item.chosen == chosen[item.triple.id] for item in made.hard_negatives)
    assert made.to_experts == ("made-2", "made-3")
    assert made.counts == {"agree": 1, "unreadable": 1, "settled": 2, "label_right": 2, "label_wrong": 1, "open": 1}


def test_with_people_as_the_oracle_all_that_they_have_not_settled_goes_to_them() -> None:
    made = ogdpo_pairs(JUDGED, People())
    assert [item.triple.id for item in made.hard_negatives] == ["made-5", "made-6"]
    assert made.to_experts == ("made-1", "made-2", "made-3", "made-7")


def test_what_was_made_is_the_same_after_a_kill() -> None:
    made = ogdpo_pairs(JUDGED, Table(RULINGS))
    assert from_json(as_json(made), {item.triple.id: item for item, _ in JUDGED}) == made
