"""Fetching a guard from a hub that answers on this machine, with the real client of the hub."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.__main__ import main
from auditor.errors import FetchFailed, ModelNotFound, ModelUnusable
from auditor.fetch import Order, fetch
from auditor.guard_input import Protocol
from auditor.key import read_prompts
from auditor.known_models import KNOWN_MODELS, KnownModel, PublishedPrompt
from auditor.lock import Lock, lock_file, read_lock
from auditor.models import DEMO_FOLDER, Checkpoint, find_checkpoint
from conf.errors import ConfigError
from conf.schema import load
from tests.hub import Hub, serving

NAME, REPOSITORY = "tiny-guard", "somebody/tiny-guard"
OLD, NEW = "1" * 40, "2" * 40
PROMPTS = {Protocol.QTA: b"Judge question, thinking and answer.\n", Protocol.QA: b"Judge question and answer.\n"}
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
# Qwen2.5-VL's layout, in our words.
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for part in m.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

Change = Callable[[dict[str, bytes]], object]


def files() -> dict[str, bytes]:
    """A checkpoint of the demo guard's files, with what else a repository holds."""
    data = {path.name: path.read_bytes() for path in DEMO_FOLDER.iterdir() if path.name != "README.md"}
    template = {"chat_template.jinja": TEMPLATE.encode()}
    return data | template | {"README.md": b"# card", "training_args.bin": b"\x80pickle", "demo.py": b"print()"}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    def published(protocol: Protocol) -> PublishedPrompt:
        digest = hashlib.sha256(PROMPTS[protocol]).hexdigest()
        return PublishedPrompt("somebody/code", "c" * 40, f"{protocol}.txt", digest)

    raw = {f"somebody/code/{'c' * 40}/{protocol}.txt": data for protocol, data in PROMPTS.items()}
    with serving(Hub({REPOSITORY: {OLD: files(), NEW: files() | {"generation_config.json": b"{}"}}}, raw)) as hub:
        monkeypatch.setitem(
            KNOWN_MODELS, NAME, KnownModel(REPOSITORY, "", {protocol: published(protocol) for protocol in Protocol})
        )
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        address = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", address)
        yield hub


@pytest.fixture
def bring(hub: Hub, tmp_path: Path) -> Callable[..., Lock]:
    """Fetch, one minute later each time."""
    times = iter(NOW + timedelta(minutes=n) for n in range(100))

    def one(revision: str = "", **changes: object) -> Lock:
        order = {"name": NAME, "models_dir": str(tmp_path), "revision": revision, "prompts_from": hub.url} | changes
        return fetch(Order(**order), next(times))  # type: ignore[arg-type]

    return one


@pytest.fixture
def at_hub(hub: Hub, tmp_path: Path) -> Path:
    """A folder for models, where the hub answers."""
    assert hub.port
    return tmp_path


def found(tmp_path: Path, revision: str = "") -> Checkpoint:
    return find_checkpoint(NAME, revision, str(tmp_path))


def test_a_fetched_model_is_found_with_its_commit_and_its_prompts(
    hub: Hub, bring: Callable[..., Lock], tmp_path: Path
) -> None:
    bring(OLD)
    checkpoint = found(tmp_path)
    assert (checkpoint.model_id, checkpoint.revision, checkpoint.max_new_tokens) == (NAME, OLD, 120)
    config = load(overrides={"auditor.absent_thinking": '"qa"'}).auditor
    assert read_prompts(config, checkpoint) == {p: data.decode().strip() for p, data in PROMPTS.items()}
    kept = {path.name for path in checkpoint.folder.iterdir() if path.is_file()}
    assert kept == files().keys() - {"README.md", "training_args.bin", "demo.py"}
    assert set(hub.downloads()) == kept


def test_the_lock_names_repository_commit_time_and_hashes(bring: Callable[..., Lock]) -> None:
    lock = bring(OLD)
    kept = json.loads(lock_file(lock.folder).read_text())
    assert (kept["repository"], kept["commit"], kept["fetched_at"]) == (REPOSITORY, OLD, NOW.isoformat())
    assert {name: file["sha256"] for name, file in kept["files"].items()} == {
        name: hashlib.sha256(files()[name]).hexdigest() for name in kept["files"]
    }
    assert {name: one["sha256"] for name, one in kept["prompts"].items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in PROMPTS.items()
    }
    assert kept["chat_template"] == hashlib.sha256(TEMPLATE.encode()).hexdigest()
    assert read_lock(lock_file(lock.folder)) == lock


def test_the_first_fetch_takes_the_main_branch_and_later_ones_stay_with_it(
    hub: Hub, bring: Callable[..., Lock], tmp_path: Path
) -> None:
    first = bring()
    hub.repositories[REPOSITORY]["3" * 40] = files()
    hub.asked.clear()
    assert bring().commit == first.commit == NEW
    assert hub.asked == []
    assert bring("main").commit == "3" * 40
    assert found(tmp_path).revision == NEW
    assert found(tmp_path, "333").revision == "3" * 40


def test_a_download_that_broke_off_goes_on_where_it_was(hub: Hub, bring: Callable[..., Lock], tmp_path: Path) -> None:
    hub.broken_off.add("model.safetensors")
    lock = bring()  # the client tries again by itself
    assert (lock.folder / "model.safetensors").read_bytes() == files()["model.safetensors"]
    assert hub.downloads().count("tokenizer.json") == 1


def test_what_came_before_a_failure_is_not_brought_again(hub: Hub, bring: Callable[..., Lock], tmp_path: Path) -> None:
    raw, hub.raw = hub.raw, {}
    with pytest.raises(
        FetchFailed, match=r"cannot bring the prompt .* \(it answers 404\); hand the file over with --prompt"
    ):
        bring(OLD)
    with pytest.raises(ModelNotFound, match="traceaudit models fetch tiny-guard"):
        found(tmp_path)
    hub.raw = raw
    hub.asked.clear()
    bring(OLD)
    assert hub.downloads() == []


def test_bytes_that_are_not_those_of_the_commit_are_refused(
    hub: Hub, bring: Callable[..., Lock], tmp_path: Path
) -> None:
    hub.altered.add("tokenizer.json")
    with pytest.raises(FetchFailed, match=r"tokenizer\.json: not the file that the hub's commit names"):
        bring()
    with pytest.raises(ModelNotFound):
        found(tmp_path)


def test_a_commit_that_changed_since_the_first_fetch_is_refused(hub: Hub, bring: Callable[..., Lock]) -> None:
    lock = bring(OLD)
    (lock.folder / "config.json").unlink()
    hub.repositories[REPOSITORY][OLD]["generation_config.json"] = b'{"max_new_tokens": 9}'
    with pytest.raises(ModelUnusable, match=r"generation_config\.json differ from what was fetched of the same commit"):
        bring(OLD)
    assert read_lock(lock_file(lock.folder)) == lock


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"])
def test_an_altered_file_is_not_loaded_and_a_fetch_brings_it_again(
    name: str, bring: Callable[..., Lock], tmp_path: Path
) -> None:
    lock = bring(OLD)
    path = lock.folder / name
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(
        ModelUnusable, match=rf"{name}: is not what was fetched.*models fetch tiny-guard --revision 1111"
    ):
        found(tmp_path)
    bring(OLD)
    assert path.read_bytes() == data
    assert found(tmp_path).revision == OLD


def test_an_altered_prompt_is_not_used(bring: Callable[..., Lock], tmp_path: Path) -> None:
    lock = bring(OLD)
    lock.prompt_files()[Protocol.QTA].write_bytes(b"Everything is safe.")
    with pytest.raises(ModelUnusable, match=r"qta\.txt: is not what was fetched"):
        found(tmp_path)


def test_a_file_put_beside_the_fetched_ones_is_not_loaded(bring: Callable[..., Lock], tmp_path: Path) -> None:
    lock = bring(OLD)
    (lock.folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelUnusable, match=r"adapter_config\.json: is not what was fetched"):
        found(tmp_path)


def test_weights_with_their_old_size_and_time_are_found_out_by_verify(
    bring: Callable[..., Lock], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bring(OLD).folder / "model.safetensors"
    before = path.stat()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert found(tmp_path).revision == OLD
    assert main(["models", "verify", NAME, "--dir", str(tmp_path), "--json"]) == 1
    line = json.loads(capsys.readouterr().out)
    assert not line["ok"]
    assert "model.safetensors: is not what was fetched" in line["problem"]


def test_weights_that_were_copied_elsewhere_are_hashed_and_then_loaded(
    bring: Callable[..., Lock], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(OLD)
    shutil.copytree(tmp_path / NAME, tmp_path / "copy" / NAME, copy_function=shutil.copyfile)
    assert find_checkpoint(NAME, "", str(tmp_path / "copy")).revision == OLD
    assert main(["models", "verify", "--dir", str(tmp_path / "copy")]) == 0
    assert f"{NAME}\t{OLD}\tas fetched" in capsys.readouterr().out


def without(*names: str) -> Change:
    return lambda data: [data.pop(name) for name in names]


def with_entry(name: str, key: str, value: object) -> Change:
    def change(data: dict[str, bytes]) -> None:
        data[name] = json.dumps(json.loads(data[name]) | {key: value}).encode()

    return change


REFUSED = {
    "pickles alone": (without("model.safetensors"), "no safetensors weights there"),
    "an adapter alone": (
        lambda data: data.update({"adapter_model.safetensors": data.pop("model.safetensors")}),
        "no safetensors weights there",
    ),
    "code": (with_entry("config.json", "auto_map", {"AutoModel": "demo.Guard"}), "auto_map"),
    "no fast tokenizer": (without("tokenizer.json"), r"lacks tokenizer\.json"),
    "an index of pickles": (
        lambda data: data.update({"model.safetensors.index.json": b'{"weight_map": {"w": "pytorch_model.bin"}}'}),
        "names 'pytorch_model.bin'",
    ),
    "an index of what is elsewhere": (
        lambda data: data.update({"model.safetensors.index.json": b'{"weight_map": {"w": "../m.safetensors"}}'}),
        r"names '\.\./m\.safetensors'",
    ),
    "an index of what is not there": (
        lambda data: data.update({"model.safetensors.index.json": b'{"weight_map": {"w": "two.safetensors"}}'}),
        "'two.safetensors', which is not there",
    ),
    "another layout": (
        lambda data: data.update({"chat_template.jinja": TEMPLATE.replace("<|im_end|>\n", "<|im_end|>").encode()}),
        r"chat_template\.jinja: its chat template gives other tokens than ours, from token \d+ on",
    ),
    "another layout in an older kind of file": (
        lambda data: (
            without("chat_template.jinja")(data),
            data.update({"chat_template.json": json.dumps({"chat_template": TEMPLATE + "!"}).encode()}),
        ),
        r"chat_template\.json: its chat template gives other tokens",
    ),
    "another layout in the tokenizer alone": (
        lambda data: (
            without("chat_template.jinja")(data),
            with_entry("tokenizer_config.json", "chat_template", TEMPLATE + "!")(data),
        ),
        r"tokenizer_config\.json: its chat template gives other tokens",
    ),
    "a template that breaks": (
        lambda data: data.update({"chat_template.jinja": b"{{ raise_exception('no images') }}"}),
        "cannot be rendered",
    ),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_data_in_our_layout_is_refused(
    change: Change, reason: str, hub: Hub, bring: Callable[..., Lock], tmp_path: Path
) -> None:
    change(hub.repositories[REPOSITORY][NEW])
    with pytest.raises(ModelUnusable, match=reason):
        bring()
    with pytest.raises(ModelNotFound):
        found(tmp_path)


# As the one above, for messages that are one text.
OF_TEXT = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TAKEN = {
    "none": without("chat_template.jinja"),
    "of text alone": lambda data: data.update({"chat_template.jinja": OF_TEXT.encode()}),
    "another for the tokenizer": with_entry("tokenizer_config.json", "chat_template", "{{ tools }}"),
    "several by name": lambda data: (
        without("chat_template.jinja")(data),
        with_entry("tokenizer_config.json", "chat_template", [{"name": "default", "template": TEMPLATE}])(data),
    ),
}


@pytest.mark.parametrize("change", TAKEN.values(), ids=TAKEN)
def test_a_template_of_our_layout_is_taken_in_whichever_form(
    change: Change, hub: Hub, bring: Callable[..., Lock], tmp_path: Path
) -> None:
    change(hub.repositories[REPOSITORY][NEW])
    bring()
    assert found(tmp_path).revision == NEW


def test_a_prompt_that_is_not_the_published_one_is_refused(hub: Hub, bring: Callable[..., Lock]) -> None:
    hub.raw = dict.fromkeys(hub.raw, b"Everything is safe.")
    with pytest.raises(FetchFailed, match="not the prompt that was published there"):
        bring()


def test_a_prompt_that_is_handed_over_is_locked_instead(hub: Hub, bring: Callable[..., Lock], tmp_path: Path) -> None:
    bring(OLD)
    hub.raw = {}
    (tmp_path / "mine.txt").write_text("Judge strictly.\n")
    bring(OLD, prompts={Protocol.QTA: tmp_path / "mine.txt"})
    assert read_prompts(load().auditor, found(tmp_path)) == {Protocol.QTA: "Judge strictly."}
    with pytest.raises(ConfigError, match=r"nowhere\.txt is not there"):
        bring(OLD, prompts={Protocol.QTA: tmp_path / "nowhere.txt"})


def test_a_revision_or_a_repository_that_is_not_there_is_named(hub: Hub, bring: Callable[..., Lock]) -> None:
    with pytest.raises(ModelNotFound, match="somebody/tiny-guard has no revision 'v9' on the hub"):
        bring("v9")
    del hub.repositories[REPOSITORY]
    with pytest.raises(ModelNotFound, match="is not on the hub, or needs a token"):
        bring()


def command(hub: Hub, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HOME": str(home), "HF_HOME": str(home / "hf")}
    arguments = [sys.executable, "-m", "auditor", *words]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_brings_the_real_name_and_an_audit_uses_it_with_the_hub_gone(hub: Hub, tmp_path: Path) -> None:
    """`guardtrace-vl-3b` from a hub that has the demo guard in its place, in processes of their own."""
    hub.repositories["DloadingX/GuardTrace-VL-3B"] = hub.repositories.pop(REPOSITORY)
    (tmp_path / "prompt.txt").write_text("Judge strictly.\n")
    (tmp_path / "log.jsonl").write_text('{"qta": 1, "question": "What is tide?", "answer": "The sea rising."}\n')
    prompt = ("--prompt", str(tmp_path / "prompt.txt"))
    fetched = command(hub, tmp_path, "models", "fetch", "guardtrace-vl-3b", *prompt)
    assert (fetched.returncode, fetched.stderr) == (0, "")
    assert f"guardtrace-vl-3b at {NEW}: 7 files" in fetched.stdout
    hub.asked.clear()
    ran = command(
        hub,
        tmp_path,
        *("run", str(tmp_path / "log.jsonl"), "--db", str(tmp_path / "a.duckdb"), "--json"),
        *("--model", "guardtrace-vl-3b", "--set", "auditor.max_new_tokens=4"),
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["verdicts"] == 1
    assert hub.asked == []


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("fetch",), 2, "which model? Such as: traceaudit models fetch guardtrace-vl-3b"),
        (("fetch", "guard"), 2, f"no model 'guard' is known; there is guardtrace-vl-3b, {NAME}"),
        (("fetch", "guardtrace-vl-3b"), 1, "DloadingX/GuardTrace-VL-3B is not on the hub, or needs a token (HF_TOKEN)"),
        (("fetch", "guardtrace-vl-3b", "--qa-prompt", "x"), 2, "--qa-prompt goes with --prompt"),
        (("list", "--prompt", "x"), 2, "--prompt belongs to `traceaudit models fetch`"),
        (("verify",), 1, "nothing was fetched that could be verified; see: traceaudit models list"),
    ],
)
def test_mistakes_give_one_line(
    words: tuple[str, ...], code: int, line: str, at_hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *words, "--dir", str(at_hub)]) == code
    out = capsys.readouterr()
    assert (out.out, out.err) == ("", f"traceaudit: {line}\n")


def test_a_hub_that_cannot_be_reached_is_said(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert main(["models", "fetch", NAME, "--dir", str(tmp_path)]) == 1
    assert "cannot bring somebody/tiny-guard from the hub (" in capsys.readouterr().err


def test_list_shows_what_is_known_and_what_is_here(
    bring: Callable[..., Lock], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(OLD)
    assert main(["models", "list", "--dir", str(tmp_path), "--json"]) == 0
    lines = {line["model"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert lines["guardtrace-vl-3b"]["commit"] is None
    assert lines[NAME]["commit"] == OLD
    assert lines[NAME]["prompts"]["qta"]["sha256"] == hashlib.sha256(PROMPTS[Protocol.QTA]).hexdigest()
