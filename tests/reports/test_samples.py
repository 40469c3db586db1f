"""The sample logs are what their tables say, and hold what the demo promises."""

import json
import re
from pathlib import Path

from reports.samples.cases_file import read_cases
from reports.samples.make_samples import HERE, make_samples

# Pillow's encoders may give other bytes in another version; what is drawn stays the same.
IMAGE_BYTES = re.compile(rb"[A-Za-z0-9+/=]{300,}")


def texts(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): IMAGE_BYTES.sub(b"", file.read_bytes())
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_committed_logs_are_what_the_generator_writes(tmp_path: Path) -> None:
    make_samples(tmp_path)
    assert texts(tmp_path) == texts(HERE / "logs")


def test_samples_cover_three_tenants_and_every_format_with_at_least_sixty_records() -> None:
    cases = [case for file in (HERE / "cases").glob("*.toml") for case in read_cases(file)]
    assert len({case.tenant for case in cases}) == 3
    assert {case.format for case in cases} == {"openai_chat", "anthropic_messages", "otel_genai", "sharegpt", "qta"}
    assert sum(len(file.read_bytes().splitlines()) for file in (HERE / "logs").rglob("*.jsonl")) >= 60


def test_samples_stay_small() -> None:
    assert sum(file.stat().st_size for file in (HERE / "logs").rglob("*") if file.is_file()) < 1_000_000


def test_response_ids_are_unique_but_for_the_one_record_that_is_sent_twice() -> None:
    lines = (HERE / "logs" / "harbor-bank" / "openai_chat.jsonl").read_text().splitlines()
    responses = [json.loads(line)["response"] for line in lines]
    ids = [response["id"] for response in responses if isinstance(response, dict) and "id" in response]
    assert len(ids) == len(set(ids)) + 1


def test_no_hidden_characters_in_a_sample_file() -> None:
    for file in (HERE / "logs").rglob("*.jsonl"):
        if file.parent.name != "broken":
            assert file.read_bytes().isascii(), file
