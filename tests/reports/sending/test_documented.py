"""The examples in docs/sending.md are ones that load, and the page says of each channel what it does."""

import re
import tomllib
from pathlib import Path

import pytest

from conf.schema import load
from reports.schedule import JOBS
from reports.sending import CHANNELS
from reports.sending.sender import channel_of

PAGE = (Path(__file__).parents[3] / "docs" / "sending.md").read_text(encoding="utf-8")
EXAMPLES = "\n".join(re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


def test_the_examples_load_and_there_is_one_for_each_channel(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EXAMPLES, encoding="utf-8")
    config = load([file])
    assert {one.channel for one in config.delivery.values()} == set(CHANNELS)
    for name in config.delivery:
        assert channel_of(config, name).n_cases > 0
    assert set(config.delivery) == set(tomllib.loads(EXAMPLES)["delivery"])


@pytest.mark.parametrize("name", [*CHANNELS, *JOBS])
def test_each_channel_and_job_is_explained_in_a_table(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|", PAGE, re.MULTILINE)
