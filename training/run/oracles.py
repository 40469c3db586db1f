"""Who rules in OGDPO where the DPO model and a label conflict, as the configuration names them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from conf.errors import ConfigError
from conf.learning import Judge
from conf.schema import Config
from training.stages.oracle import Oracle, People


def oracle_settings(config: Config) -> Judge | None:
    """The judge that is the oracle; None where people are.

    Raises:
        ConfigError: there is no judge of that name, or it is no endpoint.
    """
    name = config.training.oracle
    if not name:
        return None
    settings = config.judges.get(name)
    if settings is None or not settings.url:
        what = "has no url, and an oracle is an endpoint" if settings else "is not there"
        raise ConfigError(f"training.oracle = {name!r}: [judges.{name}] {what}")
    return settings


@contextmanager
def oracle_of(config: Config) -> Iterator[Oracle]:
    """The oracle, for as long as the context lasts: what is open with people goes to their queue.

    Raises:
        ConfigError: see `oracle_settings`.
        BackendFailed: the endpoint does not answer.
    """
    settings = oracle_settings(config)
    if settings is None:
        yield People()
        return
    from training.stages.oracle_endpoint import EndpointOracle  # its HTTP client is wanted only here

    with closing(EndpointOracle.open(config.training.oracle, settings)) as oracle:
        yield oracle
