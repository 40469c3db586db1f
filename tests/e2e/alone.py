"""Run traceaudit with a backend that takes what memory there is, as vLLM does: to take up a model it starts anew."""

import sys

import auditor.seat
from auditor.__main__ import main

if __name__ == "__main__":
    auditor.seat.ALONE = frozenset({"transformers"})  # type: ignore[attr-defined]
    sys.exit(main(sys.argv[1:]))
