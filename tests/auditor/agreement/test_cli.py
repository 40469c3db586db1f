"""`traceaudit review agreement`, for people and as JSON."""

import json
from pathlib import Path

import pytest

from auditor.__main__ import main
from auditor.store import Store
from auditor.store_reviews import add_reviews
from tests.auditor.agreement.seed import AT, cases, said, seed


@pytest.fixture
def database(tmp_path: Path) -> str:
    """40 cases of two people, of which three are harmful, and one is disputed; the guard is right but for one."""
    path = str(tmp_path / "audit.duckdb")
    with Store.open(path) as store:
        seed(store)
        cases(store, {f"t{at:02}": 1 if at in {1, 2, 5} else 0 for at in range(40)})
        votes = [{"ann": 1 if at < 4 else 0, "bob\x1b[31m": 1 if 0 < at < 4 else 0} for at in range(40)]
        add_reviews(store, [one for at, given in enumerate(votes) for one in said(f"t{at:02}", given)], AT)
    return path


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["review", "agreement", *argv]) == 0
    return capsys.readouterr().out


def test_people_read_figures_with_intervals_and_the_cases_to_talk_about(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = told(capsys, "--db", database)
    assert out.startswith("80 votes on 40 cases, by 2 reviewers\n")
    assert "AC1, harmful or not\t0.97 (" in out
    assert "Fleiss' kappa, harmful or not\t0.84 (too few cases for an interval)" in out
    assert "3 cases to talk about, the first 3:\ncase\t" in out
    assert "\x1b" not in out


def test_json_has_a_line_for_each_thing_that_was_measured(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in told(capsys, "--db", database, "--json", "--most", "1").splitlines()]
    assert [line["about"] for line in lines] == [
        "all", "category", "drawn", "verdict", "tenant", "week", "reviewer", "reviewer", "pair", "case",
    ]  # fmt: skip
    ac1 = lines[0]["people"]["harmful"]["ac1"]
    assert ac1["low"] < ac1["value"] < ac1["high"] <= 1
    assert lines[0]["people"]["harmful"]["fleiss"]["low"] is None
    assert lines[0]["people"]["harmful"]["fleiss"]["why_not"].startswith("fewer than 10 cases")
    assert (lines[0]["cases"], lines[0]["votes"], lines[0]["to_discuss"]) == (40, 80, 3)
    assert lines[-1]["votes"] == {"ann": 1.0, "bob\x1b[31m": 0.0}
    assert "NaN" not in json.dumps(lines)


def test_more_resamples_are_asked_for_by_name(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    few = json.loads(told(capsys, "--db", database, "--json", "--replicates", "50").splitlines()[0])
    many = json.loads(told(capsys, "--db", database, "--json", "--replicates", "500").splitlines()[0])
    assert few["people"]["harmful"]["ac1"]["value"] == many["people"]["harmful"]["ac1"]["value"]
    assert few["people"]["harmful"]["ac1"] != many["people"]["harmful"]["ac1"]


def test_an_empty_database_says_that_there_are_no_votes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "audit.duckdb")
    Store.open(path).close()
    assert told(capsys, "--db", path) == "0 votes on 0 cases, by 0 reviewers\n"


@pytest.mark.parametrize("option", ["--most", "--replicates"])
def test_none_of_something_is_usage(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["review", "agreement", option, "0"])
    assert ended.value.code == 2
    assert f"{option}: invalid count value: '0'" in capsys.readouterr().err
