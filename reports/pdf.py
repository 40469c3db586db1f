"""A report as PDF: the page as Chromium prints it, where this machine has Chromium.

Chromium runs for this one page, from the file, with a throwaway profile and without network: names do not resolve, and
whatever would be asked goes to a proxy that is not there. That no script runs is the page's own policy. It is killed
when it takes too long.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from auditor.files import write_whole
from reports.errors import PdfNotMade

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
TIMEOUT_S = 180.0  # some hundred cases with images take ten seconds on two cores
NOT_FOUND = "no PDF: it takes Chromium, which is not on the PATH (Debian: apt install chromium)"

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little of it
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--no-pdf-header-footer",  # the page has its own
    "--generate-pdf-document-outline",
)


def find_browser(path: str | None = None) -> str | None:
    """The first Chromium on the PATH, or on `path`."""
    return next((found for name in BROWSERS if (found := shutil.which(name, path=path))), None)


def print_pdf(page: Path, browser: str | None, timeout_s: float = TIMEOUT_S) -> Path:
    """Print a page beside itself, with the suffix .pdf; over an earlier one, whole or not at all.

    Args:
        page: an HTML file.
        browser: what `find_browser` gave.
        timeout_s: after it the browser and all that it started is killed.

    Raises:
        PdfNotMade: there is no browser, or it failed, took too long, or left no PDF.
    """
    if browser is None:
        raise PdfNotMade(NOT_FOUND)
    target = page.with_suffix(".pdf")
    with tempfile.TemporaryDirectory(prefix="traceaudit-pdf-", ignore_cleanup_errors=True) as folder:
        printed = Path(folder) / "page.pdf"
        command = [browser, *FLAGS, *sandbox(), f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}"]
        run([*command, page.resolve().as_uri()], surroundings(folder), timeout_s)
        data = printed.read_bytes() if printed.exists() else b""
    if not data.startswith(b"%PDF-"):
        raise PdfNotMade("no PDF: Chromium left none")
    try:
        write_whole(target, data)
    except OSError as error:
        raise PdfNotMade(f"no PDF: {target}: {error.strerror or error}") from None
    return target


def sandbox() -> Sequence[str]:
    """Chromium's own sandbox cannot be had as root, as in many containers; the page holds nothing that runs."""
    return ("--no-sandbox",) if os.geteuid() == 0 else ()


def surroundings(folder: str) -> Mapping[str, str]:
    """An environment with nothing of ours in it: no keys, no proxies, no home."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "FONTCONFIG_PATH") if name in os.environ}
    return kept | {"HOME": folder, "TMPDIR": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}


def run(command: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> None:
    """Run a program and all that it starts to its end, or to theirs.

    Raises:
        PdfNotMade: it cannot be started, took too long, or failed.
    """
    quiet = subprocess.DEVNULL
    try:
        child = subprocess.Popen(  # noqa: S603 - a browser, our own options, and the address of our own file
            command, stdin=quiet, stdout=quiet, stderr=quiet, env=dict(environment), start_new_session=True
        )
    except OSError as error:
        raise PdfNotMade(f"no PDF: {command[0]}: {error.strerror or error}") from None
    try:
        code = child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        raise PdfNotMade(f"no PDF: Chromium took more than {timeout_s:g} s") from None
    finally:
        end(child)
    if code:
        raise PdfNotMade(f"no PDF: Chromium ended with code {code}")


def end(child: subprocess.Popen[bytes]) -> None:
    """Nothing of it stays."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
