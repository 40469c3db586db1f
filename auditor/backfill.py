"""Stored triples judged once more: asked of a desk, judged, and handed in, some at a time.

    desk.take --> triples --bring--> with their images --judge--> verdicts --> desk.keep

Killed anywhere, it goes on when it is started again: what was kept has a verdict, and is not given out any more.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from auditor.desk import Desk, Page, Place, Selection
from auditor.pipeline import Judge
from auditor.store_rows import Run
from auditor.verdict import Verdict
from ingest.qta import ImageBlob, QTATriple

FIRST = 8  # triples asked for when nothing is known of how long they take
FASTER = 4.0

Bring = Callable[[QTATriple], QTATriple]
"""Gives a triple whose images were left behind their bytes again."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be judged, and in what steps.

    Attributes:
        run: under which it is kept.
        batch_triples: asked for at a time at most.
        batch_s: how long judging those may take, about: so long live work waits for it, and so much is lost when it
            is killed.
        max_bytes: of images that are in memory at a time; a triple with more comes alone.
        wait_s: how long to wait while live work lags.
        limit: judge so many at most; None for all.
    """

    chosen: Selection
    run: Run
    batch_triples: int
    batch_s: float
    max_bytes: int
    wait_s: float
    limit: int | None = None


@dataclass(slots=True)
class Done:
    """What a backfill did so far.

    Attributes:
        judged: triples.
        stored: verdicts that were new.
        unscorable: of those judged.
        images_gone: images that the blob store did not have any more.
        lag: live work that it waits for; 0 while it does not.
        finished: whether nothing is left.
    """

    judged: int = 0
    stored: int = 0
    unscorable: int = 0
    images_gone: int = 0
    lag: int = 0
    finished: bool = False

    def as_json(self, left: int, seconds: float) -> dict[str, Any]:
        """The line of `traceaudit backfill --json`."""
        return {
            "judged": self.judged,
            "verdicts": self.stored,
            "unscorable": self.unscorable,
            "images_gone": self.images_gone,
            "left": left,
            "seconds": round(seconds, 3),
            "triples_per_s": round(self.judged / seconds, 3),
        }


@dataclass(slots=True)
class Backfill:
    """One backfill at work.

    Attributes:
        show: told after each step what was done so far.
        clock: seconds that only go up.
        pace: triples to ask for next.
    """

    desk: Desk
    judge: Judge
    bring: Bring
    job: Job
    show: Callable[[Done], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    pace: int = FIRST

    def run(self, stop: Event) -> Done:
        """Go on until nothing is left, the limit is reached, or `stop` is set; what was judged is kept.

        Raises:
            BackendFailed: the machinery broke; what was kept stays.
        """
        done, after = Done(), Place(self.job.chosen.since)
        while (wanted := self.wanted(done)) and not stop.is_set():
            page = self.desk.take(self.job.chosen, self.judge.key, after, wanted)
            done.lag = page.lag
            if page.lag:
                self.show(done)
                stop.wait(self.job.wait_s)
                continue
            self.step_timed(page, done, stop)
            if page.after is None:
                done.finished = not stop.is_set()
                break
            after = page.after
        return done

    def wanted(self, done: Done) -> int:
        """How many triples to ask for next."""
        most = min(self.pace, self.job.batch_triples)
        return most if self.job.limit is None else max(0, min(self.job.limit - done.judged, most))

    def step_timed(self, page: Page, done: Done, stop: Event) -> None:
        """Judge and keep a page, and ask for more or fewer the next time."""
        began = self.clock()
        self.step(page, done, stop)
        if page.triples:
            self.pace = next_pace(len(page.triples), self.clock() - began, self.job.batch_s)

    def step(self, page: Page, done: Done, stop: Event) -> None:
        """Judge and keep a page, in parts whose images fit into memory together."""
        for part in parts(page.triples, self.job.max_bytes):
            if stop.is_set():
                return
            whole = [self.bring(triple) for triple in part]
            verdicts = self.judge.score(whole)
            done.stored += self.desk.keep(self.job.run, verdicts)
            add(done, part, whole, verdicts)
            self.show(done)


def next_pace(n_triples: int, seconds: float, batch_s: float) -> int:
    """How many triples take `batch_s`, going by how long some took; at most four times as many as those."""
    return max(1, int(n_triples * min(FASTER, batch_s / max(seconds, 1e-9))))


def add(done: Done, part: Sequence[QTATriple], whole: Sequence[QTATriple], verdicts: Sequence[Verdict]) -> None:
    """Count what is kept."""
    done.judged += len(verdicts)
    done.unscorable += sum(verdict.judgment is None for verdict in verdicts)
    done.images_gone += sum(n_blobs(triple) for triple in part) - sum(n_blobs(triple) for triple in whole)


def n_blobs(triple: QTATriple) -> int:
    """How many of its images can be shown."""
    return sum(isinstance(image, ImageBlob) for image in triple.images)


def parts(triples: Sequence[QTATriple], max_bytes: int) -> Iterator[list[QTATriple]]:
    """Triples whose images fit into memory together, in order; one with more comes alone."""
    part: list[QTATriple] = []
    held = 0
    for triple in triples:
        n_bytes = sum(image.n_bytes for image in triple.images if isinstance(image, ImageBlob))
        if part and held + n_bytes > max_bytes:
            yield part
            part, held = [], 0
        part.append(triple)
        held += n_bytes
    if part:
        yield part


def wrong_with(verdict: Verdict, run: Run) -> str | None:
    """Why a verdict that was handed in cannot be kept, in words that say nothing of it; None where it can."""
    shares = (verdict.p_safe, verdict.p_potentially_harmful, verdict.p_harmful)
    fractions = [*shares, verdict.harm_score, verdict.risk, verdict.coverage, verdict.triage_score, verdict.inclusion]
    if run.kind == "live" or verdict.scorer != run.scorer:
        return "made by another scorer than its run says"
    if (verdict.judgment is None) == (verdict.unscorable_reason is None):
        return "neither judged nor unscorable, or both"
    if not all(value is None or 0 <= value <= 1 for value in fractions):
        return "a score that is not in [0, 1]"
    if None not in shares and abs(sum(share or 0.0 for share in shares) - 1) > 1e-3:
        return "probabilities that do not add up to 1"
    if min(verdict.prompt_tokens, verdict.output_tokens, verdict.seconds) < 0:
        return "a cost below 0"
    return None
