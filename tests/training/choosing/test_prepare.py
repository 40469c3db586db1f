"""Items off a real database: locked first, images brought, erased ones out; the card tells it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from auditor.questions import answer_here
from auditor.retention.erase import Request, erase
from auditor.retention.subjects import Subject
from auditor.reviews import Review
from auditor.store import MEMORY, Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category
from conf.schema import Config, load
from ingest.qta import ImageBlob, QTATriple
from tests.auditor.learning.pictures import png
from tests.factories import NOW, make_batch, make_image, make_item, make_run, make_triple, make_verdict
from tests.training.cases import HARMFUL, SAFE, sentence
from training.choosing.card import Facts, data_card
from training.choosing.choose import REASONS
from training.choosing.prepare import lineage_of, prepare
from training.errors import TrainingRefused
from training.files import hash_items

N = 24
PNG = png("red")


def triple(number: int) -> QTATriple:
    images = (make_image(PNG, width=8, height=8),) if number == 0 else ()
    texts = {"question": sentence(number), "answer": sentence(number + 5000), "tenant": "north", "images": images}
    return make_triple(id=f"t{number:02}", conversation_id=f"conversation-{number:02}", **texts)


@pytest.fixture
def store() -> Iterator[Store]:
    """Cases, safe and harmful in turn, on which Ada and Bo agree with the guard."""
    triples = [triple(number) for number in range(N)]
    with Store.open(MEMORY) as made:
        made.begin_run(make_run())
        verdicts = [make_verdict(t.id, judgment=(SAFE, HARMFUL)[n % 2]) for n, t in enumerate(triples)]
        items = [make_item(n, t) for n, t in enumerate(triples)]
        made.save(make_batch(*items), [], verdicts, "run1", NOW)
        votes = [
            Review(t.id, who, (SAFE, HARMFUL)[n % 2], Category.CRIME, "since", NOW)
            for n, t in enumerate(triples)
            for who in ("Ada", "Bo")
        ]
        add_reviews(made, votes, NOW)
        yield made


def config(**changes: str) -> Config:
    rules = {"min_items": "2", "gold_share": "0.0"} | changes
    return load(overrides={f"hygiene.{name}": value for name, value in rules.items()})


def asker(store: Store) -> Any:
    return lambda name, *arguments: answer_here(store, load(), name, *arguments)


def test_items_come_with_their_images_and_lineage(store: Store) -> None:
    found = prepare(asker(store), config(), (), NOW)
    assert len(found.chosen.items) == N
    (image,) = found.chosen.items[0].triple.images
    assert isinstance(image, ImageBlob)
    assert image.data == PNG
    one = lineage_of(found.chosen.items)[0]
    assert (one.triple_id, one.bucket, one.reviewers, one.voters) == ("t00", "D3:0", ("Ada", "Bo"), ("guard@r1#p1",))


def test_what_is_locked_stays_locked_and_never_enters_again(store: Store) -> None:
    first = prepare(asker(store), config(gold_share="0.4"), (), NOW)
    assert first.locked
    again = prepare(asker(store), config(gold_share="0.0"), (), NOW)
    assert again.locked == ()
    assert {item.triple.id for item in again.chosen.items}.isdisjoint(first.locked)
    assert again.chosen.reasons == {"locked": len(first.locked)}


def test_what_is_erased_while_the_snapshot_is_used_is_out(store: Store) -> None:
    def ask(name: str, *arguments: Any) -> Any:
        value = answer_here(store, load(), name, *arguments)
        if name == "training.lock":
            who = Subject("conversation", "conversation-03")
            erase(store, Request((who,), "Eve", "letter 7"), 1000, NOW + timedelta(minutes=1))
        return value

    found = prepare(ask, config(), (), NOW)
    assert "t03" not in {item.triple.id for item in found.chosen.items}
    assert found.chosen.reasons == {"gone": 1}


def test_an_image_that_the_blob_store_has_no_more_leaves_its_case_out(store: Store) -> None:
    assert store.blobs.delete(make_image(PNG).sha256)
    found = prepare(asker(store), config(), (), NOW)
    assert found.chosen.reasons == {"image_gone": 1}
    with pytest.raises(TrainingRefused, match="1 an image that it had is not there any more"):
        prepare(asker(store), config(min_items=str(N)), (), NOW)


def test_the_card_tells_all_of_it_and_no_text(store: Store) -> None:
    found = prepare(asker(store), config(gold_share="0.3", floor="8", pair_share="0.1"), (), NOW)
    facts = Facts(NOW, hash_items(found.chosen.items), "0.1.0", {"train.jsonl": "ab"}, len(found.locked))
    card = data_card(found.chosen, config().hygiene, facts)
    assert f"| pair | 8 | {found.chosen.reasons['pair_cap']} |" in card
    assert "| D3:0 | 8 | 0 |" in card
    assert "| Ada | reviewer | 8 | 8 |" in card
    assert f"{len(found.locked)} cases were locked for the gate now" in card
    assert all(f"| {name} | {n} | {REASONS[name]} |" in card for name, n in found.chosen.reasons.items())
    assert sum(found.chosen.counts.values()) == N
    assert not any(word in card for word in sentence(1).split())
