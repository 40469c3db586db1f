"""What the configuration says beforehand of the records of a topic or file: format, mapping, tenant."""

from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from conf.errors import ConfigError
from conf.schema import Config, TopicPin
from ingest.formats import FORMATS
from ingest.mapping import HouseMapping, load_mapping


@dataclass(frozen=True, slots=True)
class Pin:
    """What is known of a record before it is looked at.

    Attributes:
        format: "" tells it by its marks.
        mapping: how a house format's fields are found; goes before `format`.
        tenant: of a record that names none, in itself or its headers; "" leaves that to `ingest.tenant`.
        because: who says so.
    """

    format: str = ""
    mapping: HouseMapping | None = None
    tenant: str = ""
    because: str = "as configured"


NO_PIN = Pin()


class Pins:
    """The pins of a configuration, looked up once for each source.

    Args:
        named: what a topic or file is called, or a glob, to its pin.
        default: for all others.
    """

    def __init__(self, named: Table[str, Pin], default: Pin = NO_PIN) -> None:
        self.named = named
        self.default = default
        self.found: dict[str, Pin] = {}

    def of(self, source: str) -> Pin:
        """The pin for a source, as positions name it: by exact name, else by the first glob that fits."""
        found = self.found.get(source)
        if found is None:
            found = self.found[source] = self.look_up(names_of(source))
        return found

    def look_up(self, names: tuple[str, ...]) -> Pin:
        """The pin for what has these names."""
        exact = (self.named[name] for name in names if name in self.named)
        globbed = (pin for glob, pin in self.named.items() if any(fnmatchcase(name, glob) for name in names))
        return next(exact, None) or next(globbed, self.default)


def names_of(source: str) -> tuple[str, ...]:
    """What a source may be called in a pin: a topic's name; a file's path, from any of its folders on."""
    kind, _, rest = source.partition(":")
    if kind == "kafka":
        return (rest.rpartition("/")[2],)
    if kind != "file":
        return (kind,)
    parts = Path(rest).parts
    return (rest, *("/".join(parts[at:]) for at in range(1, len(parts))))


def pins_of(config: Config) -> Pins:
    """The pins that `config` holds.

    Raises:
        ConfigError: a format that there is not, or a mapping file that cannot be used.
    """
    for name, pin in config.topics.items():
        if pin.format and pin.format not in FORMATS:
            raise ConfigError(f'topics."{name}".format = {pin.format!r}: allowed here: {", ".join(FORMATS)}')
    default = Pin(config.ingest.format, mapping_at(config.ingest.mapping))
    return Pins({name: pin_of(name, pin, default) for name, pin in config.topics.items()}, default)


def pin_of(name: str, pin: TopicPin, default: Pin) -> Pin:
    """One pin; where it says nothing of the format, the default does."""
    if not pin.format and not pin.mapping:
        return replace(default, tenant=pin.tenant)
    return Pin(pin.format, mapping_at(pin.mapping), pin.tenant, f"pinned for {name}")


def mapping_at(path: str) -> HouseMapping | None:
    """The mapping file of that name, if there is one."""
    return load_mapping(Path(path)) if path else None
