"""Every payload through every view and export: nothing runs or is asked for, no cell is a formula, no terminal obeys.

A new view is one line in FILES or TERMINAL.
"""

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from auditor.policies.file import configured_policy
from auditor.store import Store
from conf.delivery import Delivery
from conf.schema import load
from ingest.visible import HIDDEN, escape_hidden
from reports.demo_store.governance import text_of as text_of_policy
from reports.escalations import Edition
from reports.export import FORMULA_STARTS
from reports.nightly import write_nightly
from reports.sending import cef, ocsf
from reports.sending.mail import mail_of
from reports.sending.message import Case, Letter, Texts
from reports.sending.queue import alert_for
from reports.sending.store_cases import escalated
from reports.sending.webhook import body_of
from reports.sending.wording import text_of
from tests.reports.browser import CHROMIUM, FLAGS
from tests.reports.payload_store import AT, DATABASE, DAY, make, run
from tests.reports.payloads import FAMILIES, PAYLOADS

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(1200)]

WHOLE_NAMES = ("report.max_cases", "report.max_listed")
WHOLE = tuple(word for name in WHOLE_NAMES for word in ("--set", f"{name}=400"))

# What writes files: a name, and the words of the command; {db} and {out} are filled in.
FILES = {
    "nightly": ("report", "--db", "{db}", "--date", str(DAY), "--out", "{out}", *WHOLE),
    "what-if": (
        *("policy", "what-if", "{policy}", "--db", "{db}", "--from", str(DAY), "--to", str(DAY)),
        *("--html", "{out}/what-if.html"),
    ),
    "label-studio": ("export", "label-studio", "--db", "{db}", "--level", "none", "--out", "{out}/tasks.json"),
    "argilla": ("export", "argilla", "--db", "{db}", "--level", "none", "--out", "{out}/argilla"),
    "langfuse": ("export", "langfuse", "--db", "{db}", "--out", "{out}/langfuse.jsonl"),
    "phoenix": ("export", "phoenix", "--db", "{db}", "--out", "{out}/phoenix.jsonl"),
}

# Reports that the schedule makes, as `write_nightly` takes them.
ROLL_UPS = {"weekly": {"period": "week"}, "tenant": {"tenant": PAYLOADS[0]}}

# What a person sees on a terminal.
TERMINAL = {
    "ledger": ("ledger", "--db", "{db}"),
    "ledger json": ("ledger", "--db", "{db}", "--json"),
    "review next": ("review", "next", "--db", "{db}", "--reviewer", "ana"),
    "review list": ("review", "list", "--db", "{db}"),
    "review status": ("review", "status", "--db", "{db}"),
    "review export": ("review", "export", "--db", "{db}"),
    "dead letters": ("dead-letters", "list", "--db", "{db}"),
    "dead letters json": ("dead-letters", "list", "--db", "{db}", "--json"),
    "policy show": ("policy", "show", "--db", "{db}", "--date", str(DAY)),
    "policy history": ("policy", "history", "--db", "{db}"),
    "policy history json": ("policy", "history", "--db", "{db}", "--json"),
    "policy check": ("policy", "check", "{policy}", "--db", "{db}"),
    "policy what-if": ("policy", "what-if", "{policy}", "--db", "{db}", "--from", str(DAY), "--to", str(DAY)),
    "policy what-if json": (
        "policy",
        "what-if",
        "{policy}",
        "--db",
        "{db}",
        "--from",
        str(DAY),
        "--to",
        str(DAY),
        "--json",
    ),
    "calibrate": ("calibrate", "--db", "{db}"),
    "doctor": ("doctor", "{log}"),
    "doctor json": ("doctor", "{log}", "--json"),
    "report": ("report", "--db", "{db}", "--date", str(DAY), "--out", "{out}/terminal"),
    "deliveries": ("deliveries", "list", "--db", "{db}"),
}
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Fill = Callable[..., list[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("payloads")


@pytest.fixture(scope="module")
def database(home: Path) -> Path:
    return make(home)


@pytest.fixture(scope="module")
def fill(home: Path, database: Path) -> Fill:
    policy, log = home / "mine.toml", home / "log.jsonl"
    policy.write_text(text_of_policy("december"))
    log.write_text(
        "\n".join(
            json.dumps({"qta": 1, "question": text, "answer": text, "tenant": text, "model": text}) for text in PAYLOADS
        )
    )
    places = {"db": str(database), "policy": str(policy), "log": str(log), "out": str(home / "out")}

    def filled(words: tuple[str, ...], **more: str) -> list[str]:
        (home / "out").mkdir(exist_ok=True)
        return [re.sub(r"\{(db|policy|log|out)\}", lambda found: (places | more)[found[1]], word) for word in words]

    return filled


@pytest.fixture(scope="module")
def written(home: Path, fill: Fill) -> dict[str, list[Path]]:
    """The files of each view."""
    found = {}
    for name, words in FILES.items():
        out = home / "out" / name
        out.mkdir(parents=True)
        said = run(*fill(words, out=str(out)))
        assert said.code == 0, f"{name}: {said.text}"
    for name, changes in ROLL_UPS.items():
        report(home / DATABASE, home / "out" / name, **changes)
    for name in (*FILES, *ROLL_UPS):
        out = home / "out" / name
        found[name] = sorted(path for path in out.rglob("*") if path.is_file())
        assert found[name], name
    return found


def report(database: Path, out: Path, **changes: str) -> None:
    config = load(
        overrides={"report.out_dir": json.dumps(str(out))} | dict(zip(WHOLE_NAMES, ("400", "400"), strict=True))
    )
    with Store.open(str(database), create=False) as store:
        write_nightly(store, config, DAY, Edition(AT, "1", 2000), **changes)


def files(written: dict[str, list[Path]], *suffixes: str) -> list[Path]:
    return [path for paths in written.values() for path in paths if path.suffix in suffixes]


def test_there_are_300_of_them_in_many_families() -> None:
    assert len(PAYLOADS) >= 300
    assert len(FAMILIES) >= 12


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


HOSTILE = r"""() => {
    const all = [...document.querySelectorAll('*')];
    const acting = /^(iframe|object|embed|base|form|portal|frame|applet|audio|video|noscript|plaintext|xmp|math)$/i;
    const places = ['href', 'src', 'xlink:href', 'action', 'formaction', 'srcdoc', 'poster', 'data', 'srcset', 'ping'];
    const harmless = /^(#|data:image\/(jpeg|png|webp|gif);)/;
    const asking = /url\(\s*['"]?(?!#|data:)/i;
    const values = places.flatMap(name => all.map(one => one.getAttribute(name))).filter(value => value !== null);
    return {
        on: all.flatMap(one => [...one.attributes].map(a => a.name).filter(name => name.startsWith('on'))),
        tags: all.map(one => one.tagName).filter(name => acting.test(name)),
        links: values.filter(value => !harmless.test(value)),
        styles: all.filter(one => asking.test(one.getAttribute('style') || '')).map(one => one.tagName),
        owned: self.owned ?? null,
        title: document.title,
        scripts: document.scripts.length,
    };
}"""


def watched(page: Page) -> list[str]:
    """What the page says and does, as it comes."""
    said: list[str] = []

    def asked(dialog: Dialog) -> None:
        said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", asked)
    page.on("popup", lambda _: said.append("popup"))
    page.on("request", lambda request: said.append(f"request: {request.url[:200]}"))
    return said


def test_nothing_runs_or_asks_for_anything_in_a_browser(browser: Browser, written: dict[str, list[Path]]) -> None:
    pages = files(written, ".html")
    assert len(pages) >= 4
    for path in pages:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        said = watched(page)
        page.goto(path.as_uri())
        page.wait_for_timeout(300)
        page.mouse.move(600, 400)
        page.mouse.wheel(0, 2000)
        for summary in page.locator("summary").all()[:40]:
            summary.click(force=True, timeout=2000)
        page.wait_for_timeout(300)
        own = {f"request: {path.as_uri()}"}
        assert [text for text in said if text not in own and not text.startswith("request: data:image/")] == [], path
        found = page.evaluate(HOSTILE)
        assert {name: found[name] for name in ("on", "tags", "links", "styles", "owned")} == {
            "on": [],
            "tags": [],
            "links": [],
            "styles": [],
            "owned": None,
        }, path
        assert "owned" not in found["title"]
        assert found["scripts"] == path.read_text(encoding="utf-8", errors="surrogatepass").count("<script nonce="), (
            path
        )
        page.close()


def test_payloads_are_shown_and_not_swallowed(written: dict[str, list[Path]]) -> None:
    page = next(path for path in written["nightly"] if path.suffix == ".html").read_text(errors="surrogatepass")
    assert page.count("owned.invalid") > 200


def test_no_cell_of_a_csv_file_is_a_formula_however_it_is_cut(written: dict[str, list[Path]]) -> None:
    sheets = files(written, ".csv")
    assert sheets
    for path in sheets:
        text = path.read_text(encoding="utf-8")
        for delimiter in (",", ";", "\t", "|"):
            cells = [cell for row in csv.reader(io.StringIO(text), delimiter=delimiter) for cell in row]
            bad = [cell for cell in cells if is_formula(cell, delimiter) and not is_number(cell)]
            assert bad == [], f"{path} cut at {delimiter!r}"
        assert not HIDDEN.search(text.replace("\r\n", "\n")), path


def is_formula(cell: str, delimiter: str) -> bool:
    """Whether a spreadsheet may run it; where it cuts as we did not write, white space alone does nothing."""
    blanks = " \u00a0" if delimiter == "," else " \u00a0\t\r\n"
    return cell.lstrip(blanks).startswith(FORMULA_STARTS)


def is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell))


def test_no_text_file_holds_a_character_that_hides_or_moves_text(written: dict[str, list[Path]]) -> None:
    for path in files(written, ".html", ".json", ".jsonl", ".xml"):
        found = HIDDEN.search(path.read_text(encoding="utf-8", errors="surrogatepass"))
        assert not found, f"{path} has U+{ord(found[0]):04X}"


def test_json_files_are_json(written: dict[str, list[Path]]) -> None:
    for path in files(written, ".json"):
        orjson.loads(path.read_bytes())
    for path in files(written, ".jsonl"):
        assert all(orjson.loads(line) for line in path.read_bytes().splitlines())


def test_a_pdf_holds_no_action(written: dict[str, list[Path]]) -> None:
    for path in files(written, ".pdf"):
        objects = re.sub(rb"stream\r?\n.*?endstream", b"", path.read_bytes(), flags=re.DOTALL)
        assert not re.search(rb"/(JavaScript|JS|Launch|OpenAction|URI|SubmitForm|EmbeddedFile)\b", objects), path


@pytest.mark.parametrize("view", TERMINAL)
@pytest.mark.parametrize("colours", [False, True], ids=["pipe", "terminal"])
def test_no_terminal_is_told_anything_but_text(view: str, colours: bool, fill: Fill) -> None:
    text = run(*fill(TERMINAL[view]), colours=colours).text
    text = COLOURS.sub("", text) if colours else text
    found = HIDDEN.search(text.replace("\r\n", "\n"))
    assert not found, f"U+{ord(found[0]):04X} in {text[max(0, found.start() - 60) : found.end() + 60]!r}"
    assert "Traceback" not in text
    if '"' not in text:
        assert "]8;" not in text


@pytest.fixture(scope="module")
def letter(database: Path) -> Letter:
    with Store.open(str(database), create=False) as store:
        policy = configured_policy(load().policy)
        found = escalated(store.connection.cursor(), (DAY, DAY), {DAY: policy}, "", 1000)
    cases = tuple(replaced(case, PAYLOADS[place]) for place, case in enumerate(found))
    message = alert_for("x", [case.triple_id for case in cases], PAYLOADS[0], PAYLOADS[1])
    return Letter("id-1", "here", message, AT, cases)


def replaced(case: Case, text: str) -> Case:
    from dataclasses import replace

    return replace(case, reason=text, policy=text, guard=text, stage=text, texts=Texts(text, text, text, text))


def test_letters_as_text_mail_and_web_hook(letter: Letter) -> None:
    assert len(letter.cases) == len(PAYLOADS)
    assert not HIDDEN.search(text_of(letter))
    mail = message_from_bytes(mail_of(letter, DELIVERY).as_bytes(), policy=default)
    assert set(mail.keys()) == {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Importance", *MIME}
    assert not HIDDEN.search(str(mail["Subject"]))
    body = json.loads(body_of(letter, details=True))
    assert not re.search(r"<[!@#h]", body["text"])
    assert HIDDEN.search(body_of(letter, details=True).decode()) is None


MIME = {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
DELIVERY = Delivery(
    channel="email",
    what=("urgent",),
    server="mail.bank.example:587",
    sender="audit@bank.example",
    to=("soc@bank.example",),
)


def test_lines_for_a_siem_are_one_line_each(letter: Letter) -> None:
    for case in letter.cases:
        line = cef.line_of(case, "1")
        assert "\n" not in line
        assert not HIDDEN.search(line)
        assert len(re.split(r"(?<!\\)\|", line, maxsplit=7)) == 8  # in the eighth, the extension, a bar means nothing
        event = escape_hidden(json.dumps(ocsf.event_of(case, "1"), ensure_ascii=False))  # as siem.py writes it
        assert not HIDDEN.search(event)


def test_a_policy_is_refused_by_line_whatever_it_holds(tmp_path: Path) -> None:
    for place, text in enumerate(PAYLOADS[::10]):
        file = tmp_path / f"{place}.toml"
        file.write_text(f"version = {json.dumps(text)}\n[default]\nwatch = {text!r}\n", errors="replace")
        said = run("policy", "check", str(file))
        assert said.code != 0
        assert not HIDDEN.search(said.text)
        assert "Traceback" not in said.text
