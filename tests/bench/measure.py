"""Ratios between two ways of doing the same work, measured in turn so that a busy machine troubles both alike."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

REPEATS = 5


@dataclass(frozen=True, slots=True)
class Ratio:
    """Seconds of two ways, a pair for each repeat.

    Attributes:
        n: units of work in one repeat.
    """

    name: str
    unit: str
    n: int
    ours_s: tuple[float, ...]
    bare_s: tuple[float, ...]

    def line(self) -> str:
        """Ratio of the times, median and range over the repeats, with both rates by their medians."""
        ratios = [ours / bare for ours, bare in zip(self.ours_s, self.bare_s, strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        rates = f"{self.n / median(self.ours_s):,.0f} against {self.n / median(self.bare_s):,.0f} {self.unit}/s"
        return f"{self.name}: {median(ratios):.2f} times the time ({spread}; {len(ratios)} repeats), {rates}"


def compare(name: str, unit: str, n: int, ours: Callable[[], object], bare: Callable[[], object]) -> Ratio:
    """Run both once to warm up, then in turn; print and give back what was measured."""
    return compare_times(name, unit, n, lambda: seconds(ours), lambda: seconds(bare))


def compare_times(name: str, unit: str, n: int, ours: Callable[[], float], bare: Callable[[], float]) -> Ratio:
    """`compare` for work that says itself how many seconds it took, such as a process whose start is not counted."""
    ours(), bare()
    pairs = [(ours(), bare()) for _ in range(REPEATS)]
    ratio = Ratio(name, unit, n, tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))
    print(f"\n{ratio.line()}\n  on {machine()}")
    return ratio


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def machine() -> str:
    """What the figures hold for: cores, memory, load and Python."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = Path("/proc/loadavg").read_text().split()[0]
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, load {load}, Python {platform.python_version()}"
