"""policy.toml is read, or refused whole with the lines that are wrong."""

import re
from pathlib import Path

import pytest

from auditor.errors import PolicyRefused
from auditor.policies.file import BUILT_IN, configured_policy, read_file, read_policy
from conf.schema import load

TEXT = BUILT_IN.read_text(encoding="utf-8")
RULE = '\n[[rule]]\ntenant = "a"\nescalate = 0.4\n'


def refused(text: str) -> list[str]:
    with pytest.raises(PolicyRefused) as caught:
        read_policy(text, "mine.toml")
    return str(caught.value).splitlines()


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_the_built_in_policy_is_one_and_says_what_it_always_did() -> None:
    policy = configured_policy(load().policy)
    assert (policy.default.escalate, policy.rules, policy.approvers) == (0.5, (), ())
    assert policy.text == TEXT


def test_the_examples_in_its_comments_are_right_once_they_count() -> None:
    uncommented = re.sub(r"(?m)^# (\[\[rule\]\]|\w+ = )", r"\1", TEXT)
    assert [rule.name for rule in read_policy(uncommented, "x").rules] == [
        "tenant harbor-bank, category data_privacy",
        "thinking redacted",
    ]


def test_a_configured_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace("escalate = 0.5 ", "escalate = 0.35"))
    assert configured_policy(load(overrides={"policy.file": str(file)}).policy).default.escalate == 0.35


@pytest.mark.parametrize(
    ("change", "at", "why"),
    [
        (("escalate = 0.5", "escalate = 1.5"), "escalate", "less than or equal to 1"),
        (("escalate = 0.5", "escalate = 0"), "escalate", "greater than 0"),
        (("escalate = 0.5", "escalate = nan"), "escalate", "finite"),
        (("escalate = 0.5", "escalate = 0.12345"), "escalate", "at most four decimals"),
        (("escalate = 0.5", 'escalate = "high"'), "escalate", "valid number"),
        (("escalate = 0.5", "escalate = 0.1"), "[default]", "watch 0.3 is above escalate 0.1"),
        (("escalate = 0.5", "esclate = 0.5"), "esclate", "no such key"),
        (("votes = 1", "votes = 0"), "votes", "greater than or equal to 1"),
        (("escalated_share = 1.0", "escalated_share = 0.0"), "escalated_share", "greater than 0"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_reason(change: tuple[str, str], at: str, why: str) -> None:
    text = TEXT.replace(*change, 1)
    assert text != TEXT
    told = refused(text)
    assert any(line.startswith(f"mine.toml:{line_of(text, at)}: ") and why in line for line in told), told


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("[[rule]]\nescalate = 0.4\n", "name at least one of"),
        ('[[rule]]\ntenant = "a"\n', "give at least one of"),
        ('[[rule]]\ncategory = "privcy"\nescalate = 0.4\n', "no such category"),
        ('[[rule]]\nthinking = "none"\nescalate = 0.4\n', "no such kind of thinking"),
        ('[[rule]]\ntenant = "a"\nwatch = 0.5\nurgent = 0.4\n', "watch 0.5 is above urgent 0.4"),
        ('[[rule]]\ntenant = "a"\nescalate = 0.4\nenabled = false\n', "no such key"),
        (RULE.strip() + RULE, "stands above already"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_line(rule: str, why: str) -> None:
    first = len(TEXT.splitlines()) + 1
    told = refused(f"{TEXT}{rule}")
    assert all(int(line.split(":")[1]) >= first for line in told)
    assert any(why in line for line in told)


def test_all_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    told = refused(TEXT.replace("watch = 0.3", "watch = 7", 1).replace("miss = 500.0", "miss = -1", 1))
    assert len(told) == 2
    assert [int(line.split(":")[1]) for line in told] == sorted(int(line.split(":")[1]) for line in told)


def test_a_part_that_is_missing_is_named() -> None:
    assert any("costs: missing" in line for line in refused(TEXT.replace("[costs]", "[review.extra]", 1)))


def test_what_is_no_toml_is_told_with_its_line() -> None:
    text = TEXT.replace("votes = 1", "votes = = 1")
    assert refused(text)[0].startswith(f"mine.toml:{line_of(text, 'votes')}: ")


def test_a_file_that_is_missing_or_no_text_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name in ("none.toml", "bytes.toml"):
        with pytest.raises(PolicyRefused, match=name):
            read_file(str(tmp_path / name))
