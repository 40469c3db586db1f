"""What is installed is all there: each file of our packages is in a folder and of a kind that pyproject.toml names."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
TOPS = ("conf", "ingest", "auditor", "reports", "training")
NOT_INSTALLED = ("conf/kafka",)  # a broker for tests


def source_files() -> Iterator[Path]:
    """Every file of our packages, below the root of the repository."""
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                yield path.relative_to(ROOT)


def is_installed(path: Path) -> bool:
    """Whether setuptools puts a file into the wheel: a module of a package, or data that fits a pattern."""
    for folder in path.parents:
        package = ".".join(folder.parts)
        if package in SETUPTOOLS["packages"]:
            inside = path.relative_to(folder)
            patterns = [*SETUPTOOLS["package-data"]["*"], *SETUPTOOLS["package-data"].get(package, ())]
            if len(inside.parts) == 1 and path.suffix == ".py":
                return True
            if any(fits(inside, pattern) for pattern in patterns):
                return True
    return False


def fits(path: Path, pattern: str) -> bool:
    """Whether a path is one of a pattern's, in which ** is any folders."""
    if "**" in pattern:
        return path.parts[0] == pattern.split("/", maxsplit=1)[0]
    return len(path.parts) == len(Path(pattern).parts) and path.match(pattern)


def test_each_file_of_our_packages_is_installed() -> None:
    left_out = [str(path) for path in source_files() if not is_installed(path)]
    assert [path for path in left_out if not path.startswith(NOT_INSTALLED)] == []
