"""Who rules in OGDPO, by the configuration."""

from pathlib import Path

import pytest

from conf.errors import ConfigError
from conf.learning import Judge
from conf.schema import Config
from tests.auditor.backends.relay import relay
from tests.training.run.made import configured
from tests.training.stages.test_oracle import MODELS, conflict, named, reply
from training.run.oracles import oracle_of, oracle_settings
from training.stages.oracle import Ruled


def named_strong(folder: Path, judge: Judge | None) -> Config:
    """A configuration whose oracle is the judge of that name."""
    config = configured(folder, training__oracle='"strong"')
    return config.model_copy(update={"judges": {"strong": judge} if judge else {}})


def test_people_are_the_oracle_unless_one_is_named(tmp_path: Path) -> None:
    with oracle_of(configured(tmp_path)) as oracle:
        assert oracle.rule([conflict()]) == [Ruled.OPEN]


def test_one_that_is_named_is_asked(tmp_path: Path) -> None:
    with relay(lambda path, *_: MODELS if path.endswith("/models") else reply(named(1))) as url:
        config = named_strong(tmp_path, Judge(url=f"{url}/v1"))
        with oracle_of(config) as oracle:
            assert oracle.name.startswith("strong m-1 ")
            assert oracle.rule([conflict()]) == [Ruled.OPEN]  # it names whichever is first


@pytest.mark.parametrize("judge", [None, Judge(model="builtin:demo")])
def test_a_name_that_is_no_endpoint_is_refused_before_anything_begins(tmp_path: Path, judge: Judge | None) -> None:
    config = named_strong(tmp_path, judge)
    with pytest.raises(ConfigError, match=r"training\.oracle"):
        oracle_settings(config)
