"""How often the category of a verdict is the one that a labelled row carries."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.metrics import ratio
from auditor.verdict import Category


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """One category; precision is None where no verdict has it."""

    rows: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """The figures over the rows that carry a category; None where there are none.

    Attributes:
        accuracy: share of rows whose verdict has their category; "unknown" is never right.
        majority: the accuracy of always saying the most frequent one.
        unknown: share of rows whose verdict names none.
    """

    rows: int
    accuracy: float | None
    majority: float | None
    unknown: float | None
    by_category: Mapping[str, CategoryLine]


def measure_categories(pairs: Sequence[tuple[Category, Category]]) -> CategoryFigures:
    """The figures over (the row's category, the verdict's)."""
    carried, said = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    right = Counter(one for one, other in pairs if one is other)
    return CategoryFigures(
        rows=len(pairs),
        accuracy=ratio(right.total(), len(pairs)),
        majority=ratio(max(carried.values(), default=0), len(pairs)),
        unknown=ratio(said[Category.UNKNOWN], len(pairs)),
        by_category={
            one.value: CategoryLine(carried[one], ratio(right[one], said[one]), ratio(right[one], carried[one]))
            for one in Category
            if carried[one]
        },
    )


def category_named(name: str | None) -> Category | None:
    """The category that a row names, in words or as a code; None where it is none of ours."""
    code = (name or "").strip().lower().replace(" ", "_")
    return next((one for one in Category if one.value == code and one is not Category.UNKNOWN), None)
