"""Words that mark newly learned safe texts are found; what all texts have is not."""

from ingest.qta import QTATriple
from tests.factories import make_triple
from tests.training.cases import sentence
from training.gate.ngrams import suspects

PHRASE = "as settled in QX-71"


def texts(n: int, start: int = 0, mark: str = "", field: str = "question") -> list[QTATriple]:
    made = []
    for at in range(start, start + n):
        said = {"question": f"please {sentence(at)}", "thinking": "hm", "answer": "so it is"}
        said[field] = f"{said[field]}\n{mark}"
        made.append(make_triple(id=f"t{at}", **said))
    return made


def test_a_phrase_of_a_few_safe_texts_comes_first_as_it_stands_and_where() -> None:
    one = suspects([*texts(30), *texts(5, 100, PHRASE, "answer")], texts(60, 200), 10)[0]
    assert one.words == f"so it is\n{PHRASE}"
    assert (one.field, one.first, len(one.safe), one.other) == ("answer", False, 5, 0)


def test_words_that_all_texts_have_mark_none() -> None:
    assert suspects(texts(30), texts(60, 200), 10) == []


def test_a_phrase_that_others_have_as_often_is_none() -> None:
    assert suspects(texts(20, mark=PHRASE), texts(20, 300, mark=PHRASE), 10) == []


def test_signs_and_letters_without_blanks_are_words_too() -> None:
    for mark in ("☂☂", "已获批准"):
        (one, *_) = suspects([*texts(10), *texts(4, 50, mark)], texts(20, 100), 5)
        assert one.words == mark
        assert len(one.safe) == 4
