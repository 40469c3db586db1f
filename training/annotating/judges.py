"""The judges that are configured."""

from collections.abc import Sequence

from conf.errors import ConfigError
from conf.schema import Config
from ingest.errors import MissingExtra
from training.annotating.judge import Judge
from training.annotating.prompt import read_prompt


def names_of(config: Config, wanted: Sequence[str] = ()) -> list[str]:
    """The names of the judges that are wanted, or of all.

    Raises:
        ConfigError: none is configured, or not one of that name.
    """
    if not config.judges:
        raise ConfigError("no judge is configured: add a table [judges.NAME] with a url, or a model that runs here")
    if unknown := [name for name in wanted if name not in config.judges]:
        raise ConfigError(f"--judge {unknown[0]}: configured are {', '.join(sorted(config.judges))}")
    return list(dict.fromkeys(wanted)) or sorted(config.judges)


def open_judge(name: str, config: Config) -> Judge:
    """The judge of that name, ready.

    Raises:
        BackendFailed, ConfigError, ModelNotFound, ModelUnusable, MissingExtra: it cannot be asked.
    """
    prompt = read_prompt(config, name)
    if not config.judges[name].url:
        from training.annotating.local import LocalJudge

        return LocalJudge.open(name, config, prompt)
    try:
        from training.annotating.endpoint import EndpointJudge
    except ModuleNotFoundError as error:
        raise MissingExtra(f"judge {name!r} (no module {error.name!r})", "server") from None
    return EndpointJudge.open(name, config.judges[name], prompt)
