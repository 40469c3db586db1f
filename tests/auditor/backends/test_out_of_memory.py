"""The transformers backend in a process whose memory is limited for real."""

import subprocess
import sys

SCRIPT = """
import resource
from auditor.backends import load_backend
from auditor.guard_input import Protocol, guard_input
from auditor.models import DEMO, find_checkpoint
from auditor.prompt import read_system_prompt
from conf.schema import load
from tests.factories import make_triple

config = load(overrides={"auditor.micro_batch_rows": "64", "auditor.micro_batch_tokens": "400_000"}).auditor
backend = load_backend(config, find_checkpoint(DEMO, ""), {Protocol.QTA: read_system_prompt("")})
cases = [backend.prepare(guard_input(make_triple(answer="word " * 1200))) for _ in range(24)]
backend.label_probabilities(cases[:1], [None])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000, resource.RLIM_INFINITY))
shares = backend.label_probabilities(cases, [None] * len(cases))
print(len({round(share.harm_score, 4) for share in shares}), len(shares), backend.room.max_rows)
"""


def test_when_memory_runs_out_the_batch_shrinks_and_goes_on() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True)
    scores, n_cases, max_rows = map(int, done.stdout.split())
    assert (scores, n_cases) == (1, 24)
    assert max_rows < 24
