"""Lines for a SIEM: OCSF and CEF, into files and over TCP and TLS."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.visible import visible
from reports.sending import cef, ocsf
from reports.sending.channel import SendFailed
from tests.reports.sending.letters import NASTY, TEXTS, channel, make_case, make_letter
from tests.reports.sending.servers import line_server, octets

# Required by class Detection Finding 2004 and the objects in it, as github.com/ocsf/ocsf-schema has them.
REQUIRED = {"activity_id", "category_uid", "class_uid", "finding_info", "metadata", "severity_id", "time", "type_uid"}


def parsed_cef(line: str) -> tuple[list[str], dict[str, str]]:
    """Header and extension of a line, read back as a receiver reads it."""
    parts = re.split(r"(?<!\\)((?:\\\\)*)\|", line, maxsplit=7)
    header = [parts[at] + (parts[at + 1] if at + 1 < len(parts) else "") for at in range(0, len(parts), 2)]
    *fields, extension = header
    unescaped = [re.sub(r"\\([\\|])", r"\1", text) for text in fields]
    keys = list(re.finditer(r"(?:^| )(\w+)=", re.sub(r"\\.", "..", extension)))
    values = {}
    for one, after in zip(keys, [*keys[1:], None], strict=True):
        raw = extension[one.end() : after.start() if after else len(extension)]
        values[one[1]] = re.sub(
            r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), raw, flags=re.DOTALL
        )
    return unescaped, values


def test_an_event_has_what_ocsf_requires_and_is_a_detection_finding() -> None:
    event = ocsf.event_of(make_case(), "0.1.0")
    assert set(event) >= REQUIRED
    assert (event["category_uid"], event["class_uid"], event["activity_id"], event["type_uid"]) == (2, 2004, 1, 200401)
    assert (event["severity_id"], event["severity"]) == (5, "Critical")
    assert event["time"] == 1_772_420_645_678
    assert event["finding_info"]["uid"] == make_case().triple_id
    assert event["finding_info"]["title"]
    assert event["metadata"]["version"] == "1.3.0"
    assert set(event["metadata"]["product"]) >= {"name", "vendor_name"}
    assert event["risk_score"] == 97
    bare = ocsf.event_of(make_case(1, risk=None, reason="unreadable_no_judgment", occurred_at=None), "0.1.0")
    assert set(bare) >= REQUIRED
    assert "risk_score" not in bare
    assert bare["unmapped"]["unscorable_reason"] == "unreadable_no_judgment"


def test_a_cef_line_is_read_back_as_it_was_meant() -> None:
    header, fields = parsed_cef(cef.line_of(make_case(), "0.1|0\\"))
    assert header == ["CEF:0", "traceaudit", "traceaudit", "0.1|0\\", "urgent", header[5], "10"]
    assert fields["externalId"] == make_case().triple_id
    assert (fields["cs1Label"], fields["cs1"]) == ("tenant", "harbor-bank")
    assert (fields["cfp1Label"], fields["cfp1"]) == ("risk", "0.9700")
    assert fields["rt"] == "1772420645678"


@given(st.text(max_size=60))
def test_whatever_a_log_calls_a_tenant_a_line_is_one_line_and_tells_it_exactly(name: str) -> None:
    line = cef.line_of(make_case(tenant=f"a{name}z"), "0.1.0")
    assert len(line.splitlines()) == 1
    assert parsed_cef(line)[1]["cs1"] == visible(f"a{name}z")
    event = ocsf.event_of(make_case(tenant=f"a{name}z"), "0.1.0")
    assert json.loads(json.dumps(event))["unmapped"]["tenant"] == f"a{name}z"


def test_lines_are_added_to_a_file_and_one_that_was_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    target = tmp_path / "siem" / "cases.jsonl"
    one = channel(channel="siem", target=f"file:{target}")
    assert one.send(make_letter(make_case(tenant=NASTY), make_case(1, texts=TEXTS))) == "2 lines"
    with target.open("ab") as file:
        file.write(b'{"cut": ')
    one.send(make_letter())
    lines = target.read_bytes().splitlines()
    assert len(lines) == 5
    events = [json.loads(line) for line in lines if line != b'{"cut": ']
    assert [event["finding_info"]["uid"] for event in events] == [make_case(n).triple_id for n in (0, 1, 0, 1)]
    assert events[0]["unmapped"]["tenant"] == NASTY
    assert b"hide" not in target.read_bytes()
    assert "\u202e" not in target.read_text()


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("framing", ["lines", "syslog"])
def test_lines_go_over_tcp_and_tls_whole(framing: str, sealed: bool, certificate: tuple[Path, Path]) -> None:
    with line_server(certificate if sealed else None) as (address, taken):
        target = f"{'tls' if sealed else 'tcp'}://{address}"
        values: dict[str, Any] = {"channel": "siem", "target": target, "framing": framing, "format": "cef"}
        cases = [make_case(1, triple_id=f"{n:064}") for n in range(2000)]
        assert channel(**values, ca_file=str(certificate[0])).send(make_letter(*cases)) == "2000 lines"
        deadline = time.monotonic() + 10
        while not taken and time.monotonic() < deadline:
            time.sleep(0.02)
    messages = octets(taken[0]) if framing == "syslog" else taken[0].splitlines()
    assert len(messages) == 2000
    if framing == "syslog":
        assert re.match(rb"<108>1 2026-03-02T03:04:05\.678Z \S+ traceaudit - case - CEF:0\|", messages[0])
    assert {parsed_cef(line.decode())[1]["externalId"] for line in messages} == {one.triple_id for one in cases}


def test_a_target_that_is_away_or_strange_is_told_in_one_line(certificate: tuple[Path, Path]) -> None:
    with pytest.raises(SendFailed, match="the target cannot be written: Connection refused"):
        channel(channel="siem", target="tcp://127.0.0.1:1").send(make_letter())
    with line_server(certificate) as (address, taken), pytest.raises(SendFailed, match="cannot be written"):
        channel(channel="siem", target=f"tls://{address}").send(make_letter())
    assert taken == []


def test_no_cases_are_no_lines(tmp_path: Path) -> None:
    letter = make_letter()
    quiet = type(letter)(letter.id, letter.delivery, letter.message, letter.sent_at, ())
    assert channel(channel="siem", target=f"file:{tmp_path / 'x'}").send(quiet) == "no cases"
    assert not (tmp_path / "x").exists()
