import io
import json
import shutil
import zipfile
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest

from auditor.__main__ import main
from auditor.answering import Owner
from auditor.evidence.bundle import CASE, IMAGES, MANIFEST, ROWS, SIGNATURE, TRAIL, packed, zipped
from auditor.evidence.case import export_case
from auditor.evidence.check_bundle import CheckedBundle, check_bundle, unpacked
from auditor.evidence.keys import by_id, make_key, public_file, read_public_keys, signing_key
from auditor.evidence.queries_events import Which
from auditor.evidence.store_checkpoints import key_path
from auditor.owner import at_home
from auditor.questions import question_of
from auditor.store import Store
from tests.auditor.evidence.filled import NOW, config_for, fill

CASE_ID = "t003"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "made.duckdb"
    with Store.open(str(path)) as store:
        fill(store, config_for(path))
    return path


@pytest.fixture(scope="module")
def bundle(made: Path) -> bytes:
    """The evidence on a case with an image, of which another one failed."""
    with Store.open(str(made)) as store:
        exported = export_case(store, config_for(made), CASE_ID, "ann", NOW)
    assert (exported.images, exported.missing) == (1, ())
    return exported.data


def wrong(data: bytes, made: Path | None = None) -> str | None:
    """What is wrong with a bundle; with `made` by the key of that database."""
    keys = read_public_keys(public_file(key_path(config_for(made)))) if made else None
    bad = check_bundle(data, keys, CheckedBundle())
    return str(bad) if bad else None


def files_of(bundle: bytes) -> dict[str, bytes]:
    return unpacked(bundle)


def test_a_bundle_proves_itself_and_holds_all_on_the_case(made: Path, bundle: bytes) -> None:
    checked = CheckedBundle()
    assert check_bundle(bundle, None, checked) is None
    assert checked.key_is_own
    assert (checked.case, checked.images, checked.missing) == (CASE_ID, 1, [])
    assert wrong(bundle, made) is None
    says = json.loads(files_of(bundle)[CASE])["says"]
    assert {table: len(rows) for table, rows in says.items()} == {
        "outcomes": 1,
        "triples": 1,
        "images": 2,
        "verdicts": 1,
        "runs": 1,
        "draws": 1,
        "reviews": 1,
        "withdrawals": 1,
        "policies": 1,
        "policy_decisions": 1,
    }
    assert "policies/2-in-force.json" in files_of(bundle)
    kinds = {event["kind"] for event in json.loads(files_of(bundle)[TRAIL])["events"]}
    assert {"rows.stored", "case.exported", "checkpoint.signed", "review.voted"} <= kinds


def test_a_bundle_holds_nothing_of_other_cases(bundle: bytes) -> None:
    for other in range(20):
        if other != int(CASE_ID[1:]):
            assert b"t%03d" % other not in bundle


def test_every_byte_counts(made: Path, bundle: bytes) -> None:
    luck = SystemRandom()
    places = [*range(300), *range(len(bundle) - 500, len(bundle)), *(luck.randrange(len(bundle)) for _ in range(500))]
    for place in places:
        bit = luck.randrange(8)
        flipped = bytearray(bundle)
        flipped[place] ^= 1 << bit
        assert wrong(bytes(flipped), made), f"bit {bit} of byte {place}"
        assert wrong(bytes(flipped)), f"bit {bit} of byte {place}, by the bundle's own key"


def test_nothing_may_be_cut_off_or_added(made: Path, bundle: bytes) -> None:
    for data in (
        bundle[:-1],
        bundle + b"\0",
        b"x" + bundle,
        bundle[: len(bundle) // 2],
        b"",
        b"PK\x05\x06" + b"\0" * 18,
    ):
        assert wrong(data, made)


def test_another_key_is_not_trusted(tmp_path: Path, made: Path, bundle: bytes) -> None:
    """Somebody changes a bundle and signs it anew, with their own key in it."""
    other = make_key(tmp_path / "other")
    files = {
        name: data for name, data in files_of(bundle).items() if name not in {MANIFEST, SIGNATURE, "public_key.pem"}
    }
    forged = packed(files, CASE_ID, "2026", other)
    assert "not the one to be trusted" in str(wrong(forged, made))
    assert "signed with a key that is not to be trusted" in str(wrong(forged)), "the trail still has the old signatures"
    bad = check_bundle(bundle, by_id([other.public]), CheckedBundle())
    assert bad
    assert bad.key == SIGNATURE


def resigned(made: Path, bundle: bytes, **changes: bytes | None) -> bytes:
    """What somebody with the key could make of it; names of files with _ for / and ."""
    files = dict(files_of(bundle))
    for name in (MANIFEST, SIGNATURE, "public_key.pem"):
        del files[name]
    for name, data in changes.items():
        real = {"rows": ROWS, "case": CASE, "trail": TRAIL}.get(name, name)
        files.pop(real, None)
        if data is not None:
            files[real] = data
    return packed(files, CASE_ID, "2026", signing_key(key_path(config_for(made))))


def test_even_with_the_key_rows_and_trail_must_agree(made: Path, bundle: bytes) -> None:
    files = files_of(bundle)
    assert wrong(resigned(made, bundle), made) is None
    assert "does not say what the rows say" in str(wrong(resigned(made, bundle, case=b"{}"), made))
    rows = files[ROWS].replace(b"The moon pulls", b"The moon shoves")
    assert "does not say what was stored" in str(wrong(resigned(made, bundle, rows=rows), made))
    trail = json.loads(files[TRAIL])
    for change in ("proofs", "events"):
        cut = json.dumps(trail | {change: []}).encode()
        assert "is in no batch that was committed to" in str(wrong(resigned(made, bundle, trail=cut), made))
    trail["segments"][0]["links"][0] = "0" * 64
    assert "does not lead to the checkpoint" in str(
        wrong(resigned(made, bundle, trail=json.dumps(trail).encode()), made)
    )
    assert "is none" in str(wrong(resigned(made, bundle, trail=b"[]"), made))


def test_a_missing_image_is_told_and_a_wrong_one_found(made: Path, bundle: bytes) -> None:
    (name,) = (one for one in files_of(bundle) if one.startswith(IMAGES))
    checked = CheckedBundle()
    assert check_bundle(resigned(made, bundle, **{name: None}), None, checked) is None
    assert checked.missing == [name.removeprefix(IMAGES)]
    assert "is another image" in str(wrong(resigned(made, bundle, **{name: b"x"}), made))
    files = {one: data for one, data in files_of(bundle).items() if one != name}
    assert f"{name}: is missing" in str(wrong(zipped(files), made))


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "images/../../x", "rows.json ", "x.html", "images/" + "A" * 64]
)
def test_names_of_files_are_known_ones(bundle: bytes, name: str) -> None:
    assert "is no file of a bundle" in str(wrong(zipped({**files_of(bundle), name: b""})))


def test_nothing_is_unpacked_that_is_larger_than_it_lies(bundle: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, b"0" * 50_000_000)
    assert "is compressed" in str(wrong(buffer.getvalue()))


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made.parent, tmp_path / "copy")
    return tmp_path / "copy" / made.name


def test_commands(copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, pub = tmp_path / "b.zip", public_file(key_path(config_for(copied)))
    assert main(["export", "case", CASE_ID, "--db", str(copied), "--out", str(out), "--by", "ann"]) == 0
    assert main(["verify", str(out), "--public-key", str(pub), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["ok"], told["first_bad"], told["checked"]["case"], told["checked"]["key_is_own"]) == (
        True,
        None,
        CASE_ID,
        False,
    )
    assert main(["verify", str(out)]) == 0
    assert "the key is the bundle's own" in capsys.readouterr().out
    out.write_bytes(out.read_bytes()[:-1])
    assert main(["verify", str(out)]) == 1
    assert "BROKEN: bundle" in capsys.readouterr().err
    assert main(["export", "case", "t0", "--db", str(copied)]) == 2
    assert "several cases begin" in capsys.readouterr().err
    assert main(["export", "nothing"]) == 2
    assert main(["verify", "--db", str(copied), "--json"]) == 0
    assert main(["events", "--db", str(copied), "--kind", "case", "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["kind"], last["actor"], last["subject"]) == ("case.exported", "ann", CASE_ID)


def test_whoever_owns_the_database_answers_the_same(copied: Path) -> None:
    """What goes over the wire between the commands and a running service or audit."""
    with Store.open(str(copied)) as store:
        owner, config = Owner(store), at_home(config_for(copied))

        def ask(name: str, *arguments: Any) -> Any:
            question = question_of(name)
            answer = owner.answer(name, question.takes.dump_json((config, *arguments)))
            assert answer.status == 200, answer.body
            return question.gives.validate_json(answer.body)[0]

        exported = ask("evidence.export", CASE_ID, "ann", NOW)
        assert check_bundle(exported.data, None, CheckedBundle()) is None
        pem = public_file(key_path(config)).read_text(encoding="ascii")
        for trusted in ("", pem):
            verified = ask("evidence.verify", trusted, "", True)
            assert verified.bad is None
            assert verified.checked.rows["triples"] == 17
        assert ask("evidence.events", Which(kind="case"))[0].subject == CASE_ID
        store.connection.execute("UPDATE verdicts SET risk = 0 WHERE triple_id = 't003'")
        assert ask("evidence.verify", "", "", True).bad.table == "verdicts"
        owner.end(print)


def test_a_case_that_was_changed_is_not_exported(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(str(copied)) as store:
        store.connection.execute("UPDATE verdicts SET risk = 0 WHERE triple_id = 't003'")
    assert main(["export", "case", CASE_ID, "--db", str(copied)]) == 1
    assert "is not as it was written" in capsys.readouterr().err
    assert main(["verify", "--db", str(copied)]) == 1
    assert "BROKEN: verdicts t003" in capsys.readouterr().err


def test_names_in_the_trail_do_nothing_to_a_terminal(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(str(copied)) as store:
        export_case(store, config_for(copied), CASE_ID, "ann\x1b[31m\u202e\nFORGED", NOW)
    assert main(["events", "--db", str(copied)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\nFORGED" not in out
