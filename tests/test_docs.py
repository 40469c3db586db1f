"""Docs cannot lie: every command, option, knob and table entry in them is there, and README's example runs."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.__main__ import COMMANDS, main
from auditor.backends import BACKENDS
from conf.schema import load
from ingest.envelopes import ENVELOPES
from ingest.formats import FORMATS
from ingest.qta import ImageReason, State
from tests.configuration_page import page

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
BLOCK = re.compile(r"^```sh(?P<mark>[^\n]*)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def lines_starting(word: str) -> list[str]:
    """The shell lines in the docs that begin with `word`."""
    bodies = (block["body"] for block in BLOCK.finditer(TEXT))
    return sorted({line for body in bodies for line in body.splitlines() if line.split()[:1] == [word]})


def help_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The help of a command, or of its action where the next word names one."""
    action = [word for word in words[1:2] if not word.startswith("-")]
    with pytest.raises(SystemExit):
        main([words[0], *action, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_shown_in_the_docs(command: str) -> None:
    assert f"traceaudit {command}" in TEXT


@pytest.mark.parametrize("line", lines_starting("traceaudit"))
def test_each_command_line_in_the_docs_is_one_that_exists(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line, comments=True)
    known = help_of(words[1:], capsys)
    assert [word for word in words if word.startswith("--") and word not in known] == []
    load(overrides=dict(word.split("=", 1) for at, word in enumerate(words) if words[at - 1] == "--set"))


@pytest.mark.parametrize("line", lines_starting("make"))
def test_each_make_target_in_the_docs_exists(line: str) -> None:
    for word in shlex.split(line, comments=True)[1:]:
        assert "=" in word or re.search(rf"^{re.escape(word)}:", MAKEFILE, re.MULTILINE)


def test_each_make_target_says_what_it_does() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert [name for name in phony[1].split() if not re.search(rf"^{name}:.*## \w", MAKEFILE, re.MULTILINE)] == []


def test_the_page_of_knobs_is_the_one_that_default_toml_gives() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == page(), "run `make docs`"


@pytest.mark.parametrize("section", load().model_dump())
def test_each_knob_is_on_its_page(section: str) -> None:
    table = page().split(f"\n## {section}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(load().model_dump()[section])


@pytest.mark.parametrize("name", [*ENVELOPES, *FORMATS, *BACKENDS, *State])
def test_each_table_entry_is_explained_in_a_table(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|", TEXT, re.MULTILINE)


def test_reasons_in_the_docs_are_ones_that_the_code_gives() -> None:
    section = TEXT.split("\n## Images\n")[1].split("\n## ")[0]
    quoted = set(re.findall(r"`([a-z]+_[a-z_]+)`", section))
    assert quoted
    assert quoted <= set(ImageReason)


def local_links() -> Iterator[tuple[str, str]]:
    for doc in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", doc.read_text(encoding="utf-8")):
            if "://" not in target:
                yield doc.relative_to(ROOT).as_posix(), target


@pytest.mark.parametrize(("doc", "target"), sorted(set(local_links())))
def test_each_link_leads_to_a_file(doc: str, target: str) -> None:
    assert (ROOT / doc).parent.joinpath(target).exists()


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:conf|ingest|auditor|reports|training|tests)/[\w./]+)`", TEXT)))
)
def test_each_path_named_in_the_docs_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("package", ["conf", "ingest", "auditor", "reports", "training"])
def test_a_table_of_contents_names_each_module(package: str) -> None:
    contents = importlib.import_module(package).__doc__ or ""
    left_out = {"__init__", "__main__", "cli"}
    modules = {file.stem for file in (ROOT / package).glob("*.py")} - left_out
    assert sorted(name for name in modules if not re.search(rf"^{name}\b", contents, re.MULTILINE)) == []


def test_the_examples_of_the_readme_run(tmp_path: Path) -> None:
    """Blocks marked `sh run`, in a new folder, as a reader would paste them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [block["body"] for block in BLOCK.finditer(readme) if block["mark"].strip() == "run"]
    assert blocks
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in blocks:
        script = ["bash", "-euo", "pipefail", "-c", block]
        subprocess.run(script, cwd=tmp_path, env={**os.environ, "PATH": path}, check=True, timeout=120)
    assert list(tmp_path.glob("try-reports/*.html"))
