"""The import arrow, read off the source: conf <- ingest <- auditor <- {reports, training}; a light front door."""

import ast
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.__main__ import COMMANDS

ROOT = Path(__file__).parents[1]

# package -> what it may import besides itself
ARROW = {
    "conf": set(),
    "ingest": {"conf"},
    "auditor": {"conf", "ingest"},
    "reports": {"conf", "ingest", "auditor"},
    "training": {"conf", "ingest", "auditor"},
}
HEAVY = (
    "pydantic",
    "torch",
    "transformers",
    "vllm",
    "sklearn",
    "duckdb",
    "pyarrow",
    "PIL",
    "jinja2",
    "kafka",
    "numpy",
    "pandas",
)


def imported(file: Path) -> Iterator[str]:
    """Top-level names that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("package", ARROW)
def test_imports_run_one_way_only(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    forbidden = {*ARROW, "tests"} - ARROW[package] - {package}
    wrong = {
        f"{file.relative_to(ROOT)} imports {name}" for file in files for name in imported(file) if name in forbidden
    }
    assert wrong == set()


@pytest.mark.parametrize("package", ARROW)
def test_a_package_is_its_table_of_contents(package: str) -> None:
    """`__init__.py` of the five holds a docstring and nothing else."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command_imports_nothing_heavy(name: str) -> None:
    code = (
        "import json, sys\nfrom auditor.__main__ import main\n"
        f"try: main([{name!r}, '--help'])\n"
        "except SystemExit: pass\n"
        "finally: print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert f"traceaudit {name}" in done.stdout
    assert loaded.isdisjoint({"torch", "transformers", "vllm", "sklearn"})


def test_help_takes_less_than_half_a_second() -> None:
    """Processor time, best of three: a busy machine must not fail this, a heavy import must."""
    assert min(help_seconds() for _ in range(3)) < 0.5


def help_seconds() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = (
        f"import sys\nfrom auditor.__main__ import main\nmain(['--help'])\nassert not set({HEAVY!r}) & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
