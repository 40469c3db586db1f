"""The shipped demo auditor on rows that it was not trained on, as a user would measure it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEV = Path(__file__).parents[3] / "shared" / "data" / "qta" / "dev.jsonl"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not DEV.exists(), reason="shared samples are not beside this checkout")
def test_the_demo_auditor_reaches_the_figures_that_the_readme_states() -> None:
    command = [sys.executable, "-m", "auditor", "eval", str(DEV), "--json"]
    summary = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"| {summary['auroc']:.3f} | {summary['f1']:.3f} | surface cues" in readme
    assert summary["auroc"] >= 0.93
    assert summary["f1"] >= 0.80
    assert summary["rows"] == 625
    assert summary["category_accuracy"] >= 0.42
    assert summary["category_accuracy"] >= summary["categories"]["majority"] + 0.1
