"""Reviews come in, the risk is calibrated to them, and what is judged from then on says so, up to the report."""

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.__main__ import main
from tests.e2e.audits import rows, run, traceaudit

# What the guard gives in place of a model: nine in ten and one in ten, whatever it should be.
JUDGED = "“Analysis”: read.\n“Judgment”: {}"
TABLE = [
    {"contains": "blue", "completion": JUDGED.format(1), "p": [0.1, 0.0, 0.9]},
    {"contains": "", "completion": JUDGED.format(0), "p": [0.9, 0.0, 0.1]},
]
RISKS = "SELECT DISTINCT round(harm_score, 3), round(risk, 2), calibration FROM verdicts ORDER BY ALL"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eighty exchanges, judged; the folder is the one to be in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.json").write_text(json.dumps(TABLE), encoding="utf-8")
    audit(tmp_path, "first", 80)
    return tmp_path


def audit(folder: Path, name: str, n: int) -> dict[str, Any]:
    """Audit new exchanges, every other one about something blue."""
    lines = [
        {"qta": 1, "question": f"{name} {i} {('blue', 'red')[i % 2]}", "answer": "so", "response_id": f"{name}-{i}"}
        for i in range(n)
    ]
    log = folder / f"{name}.jsonl"
    log.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return run(str(log), folder / "a.duckdb", "--set", "auditor.scripted_table=table.json")


def votes(folder: Path) -> Path:
    """A vote on each: of the blue ones three in four are harmful, of the others one in four."""
    found = rows(folder / "a.duckdb", "SELECT id, question FROM triples ORDER BY question")
    blue, red = ([triple for triple, question in found if colour in question] for colour in ("blue", "red"))
    said = [
        {"triple_id": name, "reviewer": "ann", "vote": (0.5, 1)[n % 2] if (n % 4 != 0) == is_blue else 0}
        for is_blue, names in ((True, blue), (False, red))
        for n, name in enumerate(names)
    ]
    path = folder / "votes.jsonl"
    path.write_text(
        "\n".join(json.dumps({**one, "at": "2026-03-02T14:05:00Z"}) for one in said) + "\n", encoding="utf-8"
    )
    return path


def report_of(folder: Path) -> tuple[dict[str, Any], str]:
    """The report as data and as a page."""
    (told,) = traceaudit("report", "--db", "a.duckdb", "--out", "out", "--json")
    by_suffix = {Path(file).suffix: Path(file) for file in told["files"]}
    page = by_suffix[".html"].read_text(encoding="utf-8")
    return json.loads(by_suffix[".json"].read_bytes()), " ".join(page.split())


def test_reviews_change_the_risk_of_what_is_judged_from_then_on(folder: Path) -> None:
    before, page = report_of(folder)
    assert [row["calibration"] for row in before["calibrations"]] == ["identity"]
    assert "Risk: not calibrated: no reviews yet." in page

    path = votes(folder)
    (first,) = traceaudit("review", "import", str(path), "--db", "a.duckdb", "--json")
    (again,) = traceaudit("review", "import", str(path), "--db", "a.duckdb", "--json")
    assert (first["new"], first["bad"], again["new"], again["known"]) == (80, 0, 0, 80)

    (fitted,) = traceaudit("calibrate", "--db", "a.duckdb", "--json", "--method", "temperature")
    assert (fitted["mode"], fitted["reviews"], fitted["harmful"], fitted["new"]) == ("full", 80, 40, True)
    assert fitted["parameters"]["temperature"] == pytest.approx(2, rel=1e-3)
    assert fitted["after"]["log_loss"] < fitted["before"]["log_loss"]

    audit(folder, "second", 4)
    assert rows(folder / "a.duckdb", RISKS) == [
        (0.1, 0.1, "identity"),
        (0.1, 0.25, fitted["id"]),
        (0.9, 0.75, fitted["id"]),
        (0.9, 0.9, "identity"),
    ]
    after, page = report_of(folder)
    assert {row["calibration"]: row["verdicts"] for row in after["calibrations"]} == {"identity": 80, fitted["id"]: 4}
    assert f"to 80 reviewed exchanges, 40 of them harmful ({fitted['id'][:12]})" in page


def test_votes_go_out_as_they_came_in(folder: Path) -> None:
    path = votes(folder)
    traceaudit("review", "import", str(path), "--db", "a.duckdb", "--json")
    out = traceaudit("review", "export", "--db", "a.duckdb")
    came = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    more = dict.fromkeys(("category", "rationale", "corrected_analysis", "verdict_hidden", "seconds"))
    wanted = [one | more | {"kind": "vote", "withdrawn": False} for one in came]
    assert sorted(out, key=order) == sorted(wanted, key=order)
    traceaudit("review", "export", "out.jsonl", "--db", "a.duckdb", "--json")
    (same,) = traceaudit("review", "import", "out.jsonl", "--db", "a.duckdb", "--json")
    assert (same["new"], same["known"]) == (0, 80)


def order(vote: dict[str, Any]) -> str:
    return str({name: vote[name] for name in ("triple_id", "reviewer", "vote", "category", "rationale", "at")})


def test_bad_lines_are_named_and_the_others_are_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = votes(folder)
    good = path.read_text(encoding="utf-8").splitlines()[0]
    stranger = good.replace(json.loads(good)["triple_id"], "nobody")
    path.write_text(f"{{\n{good}\n{stranger}", encoding="utf-8")
    assert main(["review", "import", str(path), "--db", "a.duckdb", "--fail-on-bad"]) == 3
    out, err = capsys.readouterr()
    assert out == "1 new votes, 0 known ones\n"
    assert f"{path}:1: not a JSON object\n{path}:3: the database has no such triple\n2 lines left out" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["calibrate"], "not calibrated: no judged triple was reviewed; `traceaudit review import"),
        (["review", "import", "none.jsonl"], "none.jsonl: No such file"),
        (["review", "import"], "needs a FILE.jsonl"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main([*words, "--db", "a.duckdb"]) in {1, 2}
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len([line for line in err.splitlines() if not line.startswith("opened ")]) == 1


def test_few_reviews_are_refused_and_the_risk_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    traceaudit("review", "import", str(votes(folder)), "--db", "a.duckdb", "--json")
    capsys.readouterr()
    assert main(["calibrate", "--db", "a.duckdb", "--min-reviews", "81"]) == 1
    assert "the risk stays what it was: 80 reviewed triples, and at least 81 are needed" in capsys.readouterr().err
    assert rows(folder / "a.duckdb", "SELECT count(*) FROM calibrations") == [(0,)]


def test_people_see_the_reliability_of_score_and_risk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    traceaudit("review", "import", str(votes(folder)), "--db", "a.duckdb", "--json")
    capsys.readouterr()
    assert main(["calibrate", "--db", "a.duckdb"]) == 0
    out = capsys.readouterr().out
    assert "80 reviewed triples, 40 harmful; 0 tied and 0 without a score left out" in out
    assert "score\tharmful\tinterval\ttriples\n0.100\t0.250\t0.142 to 0.402\t40\n0.900\t0.750\t" in out
