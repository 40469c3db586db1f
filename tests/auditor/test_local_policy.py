from datetime import UTC, datetime

from auditor.local_policy import LocalPolicies
from auditor.prompt import hash_text
from auditor.scorer import build
from conf.schema import LocalPolicy, load
from tests.factories import make_triple

POLICIES = LocalPolicies(
    {
        "*": LocalPolicy(text="No legal advice."),
        "clinic": LocalPolicy(text="Dosages only with a source.", languages=("German", "Turkish")),
        "clinic/desk": LocalPolicy(text="No names of patients."),
    }
)


def test_the_general_comes_before_the_particular() -> None:
    assert POLICIES.of(make_triple(tenant="clinic", application="desk")) == (
        "Local policy: No legal advice.\n"
        "Local policy: Dosages only with a source.\nLanguages in use: German, Turkish\n"
        "Local policy: No names of patients.\n"
    )
    assert POLICIES.of(make_triple(tenant="bank", application="desk")) == "Local policy: No legal advice.\n"
    assert LocalPolicies({}).of(make_triple()) == ""


def test_a_change_of_any_policy_is_another_version() -> None:
    other = LocalPolicies({**POLICIES.texts, "clinic": LocalPolicy(text="Dosages never.")})
    assert len({POLICIES.version, other.version, LocalPolicies({}).version}) == 3


def test_a_verdict_records_what_its_guard_was_told() -> None:
    config = load(overrides={"auditor.backend": "scripted", "local_policy.clinic": '{ text = "Dosages never." }'})
    told, untold = build(config, lambda: datetime(2026, 3, 2, tzinfo=UTC)).score(
        [make_triple(id="1", tenant="clinic"), make_triple(id="2", tenant="bank")]
    )
    assert told.local_policy_hash == hash_text("Local policy: Dosages never.\n")
    assert untold.local_policy_hash is None
    assert told.content_hash != untold.content_hash
    assert told.reused_from is untold.reused_from is None
