"""Writes docs/configuration.md from default.toml, so that the page cannot fall behind: `make docs`."""

import re
import tomllib
from collections.abc import Iterator

from conf.schema import DEFAULT_FILE

HEAD = """\
# Every knob

Written by `make docs` from `conf/default.toml`, which ships with the package. A file of yours needs only the keys that
differ; `--config FILE` may be given several times, and later files win. `--set section.key=value` wins over files.

```sh
traceaudit run logs/ --config mine.toml --set auditor.mode=cascade
```

An unknown key or a value out of range is refused with its name and what is allowed.
"""

KNOB = re.compile(r"(?P<key>\w+) *= *(?P<value>.*?) {2,}# (?P<comment>.*)")


def page() -> str:
    """The whole page."""
    return HEAD + "".join(section_lines())


def section_lines() -> Iterator[str]:
    """A table for each section, in the file's order; the comments of a section that has none stand in its place."""
    _, *sections = re.split(r"^\[(\w+)\]\n", DEFAULT_FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name, body in zip(sections[::2], sections[1::2], strict=True):
        yield f"\n## {name}\n\n"
        rows = list(rows_of(body))
        if rows:
            yield "| key | default | what it trades |\n|---|---|---|\n"
        yield from rows or (f"{line.removeprefix('# ')}\n" for line in body.strip().splitlines())


def rows_of(section: str) -> Iterator[str]:
    """A row for each knob of a section."""
    for line in section.splitlines():
        if knob := KNOB.fullmatch(line):
            value = tomllib.loads(f"v = {knob['value']}")["v"]
            shown = f"`{value:_}`" if type(value) is int else f"`{value}`" if value != "" else "empty"
            yield f"| `{knob['key']}` | {shown} | {knob['comment']} |\n"


if __name__ == "__main__":
    print(page(), end="")
