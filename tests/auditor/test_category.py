import pytest

from auditor.category import read_category
from auditor.verdict import Category


@pytest.mark.parametrize(
    ("analysis", "category"),
    [
        ("The query concerns crime and illegal activities.", Category.CRIME),
        ("A matter of Cybersecurity, with data privacy beside it.", Category.CYBERSECURITY),
        ("It asks for misleading advice on medicine.", Category.ADVICE),
        ("The query concerns other.", Category.OTHER),
        ("Some risk of another kind.", Category.UNKNOWN),
        ("", Category.UNKNOWN),
    ],
)
def test_the_first_category_that_the_analysis_names_is_read(analysis: str, category: Category) -> None:
    assert read_category(analysis) is category
