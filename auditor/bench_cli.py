"""The command bench: how fast the configured guard judges here, beside the physical limit of the device."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.cli import utc_now
from auditor.eval_cli import check_modes
from conf.cli import config_of, parser, print_json

if TYPE_CHECKING:
    from auditor.bench_load import Load
    from auditor.models import Checkpoint
    from auditor.roofline import Device
    from conf.schema import Config


def bench(argv: Sequence[str]) -> int:
    """`traceaudit bench`: triples a second in each mode, and what share of the limit that is."""
    from auditor.bench import measure
    from auditor.bench_load import Load
    from auditor.console import print_speeds
    from auditor.roofline import Shape
    from auditor.scorer import build_modes

    options = options_of(Load())
    args = options.parse_args(argv)
    config = config_of(args, auditor__model=args.model, auditor__backend=args.backend, auditor__reuse=False)
    checkpoint = checkpoint_of(config)
    load = Load(args.triples, args.chars, args.image_share)
    modes = check_modes(args.mode or ["full", "triage"])
    shape, n_prefix = (Shape.read(checkpoint.folder), prefix_tokens(config, checkpoint)) if checkpoint else (None, 0)
    name = device_name()
    device = device_of(name, args.tflops, args.gb_per_s)
    lines = []
    for number, (mode, scorer) in enumerate(build_modes(config, modes, utc_now).items()):
        measured = measure(mode, scorer, load.make(seed=number), n_prefix)
        lines.append({"device": name, "backend": config.auditor.backend} | measured.as_json(shape, device))
        if args.json:
            print_json(lines[-1])
    if not args.json:
        print_speeds(lines)
    return 0


def options_of(defaults: "Load") -> argparse.ArgumentParser:
    """The command line."""
    options = parser("bench", "How fast the guard judges on this machine, on made-up triples.")
    options.add_argument("--model", metavar="M", help="the guard model (auditor.model)")
    options.add_argument("--backend", metavar="B", help="what runs the model (auditor.backend)")
    options.add_argument("--mode", action="append", metavar="M", help="full, triage or cascade; repeatable")
    options.add_argument("--triples", type=int, default=defaults.triples, metavar="N", help="how many to judge")
    options.add_argument("--chars", type=int, default=defaults.chars, metavar="N", help="of text in each, on average")
    options.add_argument("--image-share", type=float, default=defaults.image_share, metavar="S", help="with an image")
    options.add_argument("--tflops", type=float, metavar="X", help="peak of a device that we do not know, in bfloat16")
    options.add_argument("--gb-per-s", type=float, metavar="X", help="of its memory, likewise")
    return options


def checkpoint_of(config: "Config") -> "Checkpoint | None":
    """The checkpoint that runs in this process; None where none does."""
    from auditor.registry.places import find_configured, placed

    if config.auditor.backend not in {"transformers", "vllm"}:
        return None
    return find_configured(placed(config))


def prefix_tokens(config: "Config", checkpoint: "Checkpoint") -> int:
    """Tokens that all prompts share."""
    from auditor.guard_input import Protocol
    from auditor.key import read_prompts
    from auditor.prompt import shared_prefix
    from auditor.tokens import load_tokenizer

    prompts = read_prompts(config.auditor, checkpoint)
    return len(shared_prefix(prompts[Protocol.QTA], load_tokenizer(checkpoint.folder)))


def device_name() -> str:
    """Of what the model runs on."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def device_of(name: str, tflops: float | None, gb_per_s: float | None) -> "Device | None":
    """What the device can do at most, as given or as we know it; None where nobody says."""
    from auditor.roofline import Device, device_named

    if tflops and gb_per_s:
        return Device(tflops * 1e12, gb_per_s * 1e9)
    return device_named(name)
