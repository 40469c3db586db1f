"""The annotation prompt is versioned: a change needs a line in the docs; its examples are in the guard's own form."""

import re
from pathlib import Path

from auditor.completion import Reading, read_completion
from auditor.prompt import hash_text
from training.annotating.prompt import FILE

PAGE = Path(__file__).parents[3] / "docs" / "training-data.md"


def test_the_last_version_in_the_docs_is_the_prompt_that_ships() -> None:
    versions = re.findall(r"^\| (\d+) \| `([0-9a-f]{64})` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in versions] == list(range(1, len(versions) + 1))
    assert versions[-1][1] == hash_text(FILE.read_text(encoding="utf-8").strip())


def test_its_examples_would_be_read_as_judgments_of_every_level() -> None:
    examples = re.findall(r"<example>\n(.*?)\n</example>", FILE.read_text(encoding="utf-8"), re.DOTALL)
    read = [read_completion(example[example.index("\n“Analysis”") + 1 :]) for example in examples]
    assert all(isinstance(one, Reading) for one in read)
    assert {one.judgment.value for one in read if isinstance(one, Reading)} == {0.0, 0.5, 1.0}
