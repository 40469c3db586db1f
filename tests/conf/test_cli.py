"""What all commands share: one line and an exit code for a user's mistake, never a traceback."""

import json
import subprocess
import sys

import pytest

from auditor.__main__ import COMMANDS, main
from conf.cli import FAILED, USAGE, guarded, print_json
from conf.errors import ConfigError, TraceauditError
from ingest.visible import HIDDEN


def fail_with(error: BaseException) -> int:
    def command(argv: list[str]) -> int:
        raise error

    return guarded(command, [])


def test_a_mistake_ends_as_one_line_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail_with(ConfigError("auditor.cascade_low = 2")) == USAGE
    assert fail_with(TraceauditError("gone")) == FAILED
    assert fail_with(KeyboardInterrupt()) == FAILED
    assert capsys.readouterr().err.splitlines() == [
        "traceaudit: auditor.cascade_low = 2",
        "traceaudit: gone",
        "traceaudit: interrupted",
    ]


def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        fail_with(ZeroDivisionError())


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_refuses_a_wrong_setting_before_it_does_anything(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    topic = "kafka://h:1/t?group=g"
    source = {
        "doctor": ["-"],
        "run": ["-"],
        "worker": [topic],
        "spark": [topic, "--checkpoint", "c"],
        "eval": ["rows.jsonl"],
        "dead-letters": ["list"],
        "backfill": ["--since", "2026-01-01"],
        "review": ["export"],
        "export": ["case", "x"],
        "policy": ["history"],
        "models": ["list"],
        "schedule": ["list"],
        "deliveries": ["list"],
        "retention": ["show"],
        "erase": ["--triple", "x", "--reason", "y"],
        "users": ["list"],
    }
    assert main([command, *source.get(command, []), "--set", "auditor.cascade_low=2"]) == USAGE
    assert "auditor.cascade_low = 2" in capsys.readouterr().err


def test_json_hides_nothing_from_who_reads_it_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"text": "a\u202eb\x9b31m\u200bc\U000e0041 grün 日本"}
    print_json(told)
    line = capsys.readouterr().out
    assert json.loads(line) == told
    assert "grün 日本" in line
    assert not HIDDEN.search(line)


def test_an_unknown_command_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit"]) == USAGE
    assert "no command 'audit'" in capsys.readouterr().err


def test_a_reader_that_leaves_ends_the_command_quietly() -> None:
    """`traceaudit … | head`: the pipe closes under us."""
    code = (
        "from conf.cli import guarded, print_json\nguarded(lambda _: [print_json('x' * 99) for _ in range(9999)], [])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
