"""The jars that Spark needs to read topics: those that are configured, else fetched once from Maven Central."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CalledProcessError

from conf.errors import ConfigError
from conf.jars import fetch_jars, jar_folder

POM = Path(__file__).with_name("pom.xml")


def connector_jars(configured: Sequence[str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Paths or URLs for `spark.jars`.

    Raises:
        ConfigError: none are configured and they cannot be fetched; the message says what to do.
    """
    if configured:
        return list(configured)
    folder = jar_folder(POM, cache_of(environ))
    if not folder.is_dir() and shutil.which("mvn") is None:
        raise ConfigError(f"spark.jars: name the jars of {POM}, or install Maven, which fetches them once")
    try:
        return sorted(str(jar) for jar in fetch_jars(POM, cache_of(environ)).glob("*.jar"))
    except (OSError, CalledProcessError) as error:
        raise ConfigError(f"spark.jars: cannot fetch the jars of {POM} ({error}); name them") from None


def cache_of(environ: Mapping[str, str]) -> Path:
    """The user's folder for what can be fetched again."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "traceaudit"
