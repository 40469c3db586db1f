"""Run traceaudit with a scripted guard that takes its time as one on a GPU does: it waits, and no core works.

python -m tests.bench.slow_guard SECONDS worker kafka://…   so many seconds for each triple
"""

import sys
import time
from typing import Any

from auditor.__main__ import main
from auditor.backends.scripted import ScriptedBackend

if __name__ == "__main__":
    seconds, *arguments = sys.argv[1:]
    guard: Any = ScriptedBackend
    complete = guard.complete

    def wait_and_complete(self: ScriptedBackend, shown: Any, *more: Any) -> Any:
        """`complete`, after the time that a model would have taken."""
        time.sleep(float(seconds) * len(shown))
        return complete(self, shown, *more)

    guard.complete = wait_and_complete
    sys.exit(main(arguments))
