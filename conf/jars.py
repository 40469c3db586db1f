"""Jars that a pom.xml names, fetched with Maven once and kept; for the development broker and for Spark's connector."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path


def jar_folder(pom: Path, cache: Path) -> Path:
    """Where the jars of this pom.xml are kept; another pom has another folder."""
    return cache / f"jars-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"


def fetch_jars(pom: Path, cache: Path) -> Path:
    """The folder of jars, filled from Maven Central the first time.

    They are moved into place at once, so that an interrupted or concurrent download leaves no half folder.

    Raises:
        OSError: Maven is not installed, or the cache cannot be written.
        CalledProcessError: Maven could not fetch them.
    """
    folder = jar_folder(pom, cache)
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        command = ["mvn", "-q", "-B", "-f", str(pom), "package", f"-DoutputDirectory={scratch}/jars"]
        subprocess.run(command, check=True, stdout=sys.stderr)
        try:
            Path(scratch, "jars").rename(folder)
        except OSError:  # another process was quicker
            if not folder.is_dir():
                raise
    return folder
