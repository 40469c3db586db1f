"""What verdicts are filed under: the model, its prompt, and the way it is asked."""

from collections.abc import Mapping
from pathlib import Path

from auditor.guard_input import Protocol
from auditor.local_policy import LocalPolicies
from auditor.models import Checkpoint
from auditor.prompt import hash_text, read_named, read_system_prompt
from auditor.verdict import ScorerKey
from conf.schema import Auditor

TABLE_KEY = "auditor.scripted_table"


def read_prompts(section: Auditor, checkpoint: Checkpoint | None = None) -> dict[Protocol, str]:
    """The system prompts of the protocols in use: as configured, else what came with the checkpoint, else ours."""
    files = {protocol: str(path) for protocol, path in checkpoint.prompt_files.items()} if checkpoint else {}
    prompts = {Protocol.QTA: read_system_prompt(section.prompt_file or files.get(Protocol.QTA, ""))}
    if Protocol(section.absent_thinking) is Protocol.QA:
        prompts[Protocol.QA] = read_system_prompt(section.qa_prompt_file or files.get(Protocol.QA, ""), Protocol.QA)
    return prompts


def key_of(
    section: Auditor, checkpoint: Checkpoint | None, prompts: Mapping[Protocol, str], local: LocalPolicies
) -> ScorerKey:
    """What verdicts depend on besides the triple."""
    return ScorerKey(
        model_id=checkpoint.model_id if checkpoint else "scripted",
        model_revision=checkpoint.revision if checkpoint else scripted_revision(section),
        prompt_hash=hash_text(prompts[Protocol.QTA]),
        decoding=decoding_of(section, prompts, local),
    )


def decoding_of(section: Auditor, prompts: Mapping[Protocol, str], local: LocalPolicies) -> str:
    """Mode and limits, and whatever else decides the answer, as a word; what is at rest is left out."""
    words = [section.mode, "greedy", str(section.max_new_tokens)]
    words.append(f"{section.max_prompt_tokens}+{section.max_images}x{section.max_image_pixels}")
    words.append(f"{section.max_windows}windows~{section.window_overlap:g}")
    if section.mode == "cascade":
        words.append(f"low={section.cascade_low:g}")
    if section.mode != "full":
        words.append(f"audit={section.audit_share:g}")
    if section.reading != "after_analysis":
        words.append(section.reading)
    if section.samples > 1:
        words.append(f"samples={section.samples}@{section.sample_temperature:g}")
    if Protocol.QA in prompts:
        words.append(f"qa={hash_text(prompts[Protocol.QA])[:12]}")
    if local.version:
        words.append(f"local={local.version[:12]}")
    return "/".join(words)


def scripted_revision(config: Auditor) -> str:
    """The scripted table's identity: a changed table is another model."""
    return hash_text(read_named(Path(config.scripted_table), TABLE_KEY)) if config.scripted_table else "everything-safe"
