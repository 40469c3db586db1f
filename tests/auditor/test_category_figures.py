import pytest

from auditor.category_figures import CategoryLine, category_named, measure_categories
from auditor.verdict import Category

CRIME, HATE, HEALTH, UNKNOWN = Category.CRIME, Category.HATE, Category.HEALTH, Category.UNKNOWN


def test_the_figures_count_what_is_unknown_as_wrong() -> None:
    found = measure_categories([(CRIME, CRIME), (CRIME, HATE), (CRIME, UNKNOWN), (HATE, HATE), (HEALTH, CRIME)])
    assert (found.rows, found.accuracy, found.majority, found.unknown) == (5, 0.4, 0.6, 0.2)
    assert found.by_category == {
        CRIME.value: CategoryLine(3, 0.5, 1 / 3),
        HEALTH.value: CategoryLine(1, None, 0.0),
        HATE.value: CategoryLine(1, 0.5, 1.0),
    }


def test_without_rows_the_figures_are_undefined() -> None:
    found = measure_categories([])
    assert (found.accuracy, found.majority, found.unknown, found.by_category) == (None, None, None, {})


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("data privacy", Category.PRIVACY),
        ("hate_speech", HATE),
        ("unknown", None),
        ("a house's own", None),
        (None, None),
    ],
)
def test_a_row_names_its_category_in_words(name: str | None, category: Category | None) -> None:
    assert category_named(name) is category
