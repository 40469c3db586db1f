"""Which cases a guard may learn from: items, what is left out and why, and what is locked for the gate; pure.

known cases ─▶ there, with texts and images ─▶ two people agree ─▶ locked by lot ─▶ near nothing that is locked
    ─▶ near-duplicates ─▶ with an analysis to learn ─▶ within the caps ─▶ items
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditor.learning.cases import Asked, KnownCase, LockedCase, Why
from auditor.verdict import Judgment
from conf.learning import Hygiene
from training.choosing.agreed import Agreed, agree, item_of
from training.choosing.alike import Likeness
from training.choosing.caps import Entry, Limit, limits_of, within
from training.choosing.locking import group_of, lock_of
from training.choosing.snapshot import Snapshot
from training.choosing.votes_of import votes_of
from training.errors import TrainingRefused
from training.items import Bucket, Item
from training.votes import tally

# Why a case is left out, in words for people; in the order in which a case is looked at.
REASONS = {
    "gone": "erased, or lost since",
    "text_gone": "its texts have outlived their period",
    "image_gone": "an image that it had is not there any more",
    "locked": "locked for the gate, for ever",
    "no_person": "judges alone said something of it",
    "one_person": "one person alone said something of it",
    "contradicted": "people contradict each other, and no expert decided",
    "expert_alone": "an expert decided what nobody else said",
    "beside_locked": "of the conversation of a case that is locked",
    "near_locked": "reads nearly like a case that is locked",
    "contradictory": "reads nearly like a case that has another label",
    "near_duplicate": "reads nearly like others that are learned from",
    "no_analysis": "nobody wrote what the guard should have said",
    "person_cap": "too many would rest on one person",
    "pair_cap": "too many would rest on the same two people",
    "source_cap": "too many would be of one source",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A case that is not learned from.

    Attributes:
        reason: of REASONS.
    """

    triple_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a training learns from.

    Attributes:
        items: reviewed cases in the order of their ids, then base rows; images are left behind, but for base rows.
        left_out: cases, and base rows, with the reason.
        locked: cases to be locked now, that were not.
        experts_wanted: cases to be put before people.
        limits: how many items may rest on a person, a pair or a source.
    """

    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
    locked: tuple[LockedCase, ...] = ()
    experts_wanted: tuple[Asked, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)

    @property
    def reviewed(self) -> tuple[Item, ...]:
        """The items without the base rows."""
        return tuple(item for item in self.items if item.bucket is not Bucket.BASE)

    @property
    def reasons(self) -> dict[str, int]:
        """How many are left out for each reason, in the order of REASONS."""
        found = Counter(one.reason for one in self.left_out)
        return {name: found[name] for name in REASONS if found[name]}

    @property
    def counts(self) -> dict[str, int]:
        """Items by bucket, then what was left out by reason: what the database keeps of a run."""
        buckets = Counter(item.bucket for item in self.items)
        return {bucket.value: buckets[bucket] for bucket in Bucket if buckets[bucket]} | self.reasons


def choose(snapshot: Snapshot, rules: Hygiene, base: Sequence[Item] = ()) -> Chosen:
    """What a guard may learn from, of a snapshot and base rows.

    Args:
        snapshot: what is known.
        rules: of hygiene.
        base: rows that are mixed in; one that reads nearly like a locked case is left out.

    Raises:
        TrainingRefused: too few items, or all of one class.
    """
    chosen = sort_out(snapshot, rules, base)
    require_enough(chosen, rules)
    return chosen


def sort_out(snapshot: Snapshot, rules: Hygiene, base: Sequence[Item] = ()) -> Chosen:
    """The same, however little there is."""
    work = Work(snapshot, rules, base)
    agreed = work.agreeing()
    free = work.unlocked(agreed)
    singles = work.thinned(free)
    return work.entered(singles)


def require_enough(chosen: Chosen, rules: Hygiene) -> None:
    """Refuse what nothing can be learned from.

    Raises:
        TrainingRefused: why, in words with the figures.
    """
    items = chosen.reviewed
    if len(items) < rules.min_items:
        why = "; ".join(f"{n} {REASONS[name]}" for name, n in chosen.reasons.items())
        raise TrainingRefused(
            f"{len(items)} reviewed cases can be learned from, and it takes {rules.min_items} (hygiene.min_items)"
            + (f"; left out: {why}" if why else "")
        )
    harmful = sum(item.label is not Judgment.SAFE for item in items)
    if harmful in {0, len(items)}:
        what = "harmful" if harmful else "safe"
        raise TrainingRefused(
            f"all {len(items)} reviewed cases that can be learned from are {what}: of one class nothing can be told "
            "from the other"
        )


class Work:
    """One choice under way."""

    def __init__(self, snapshot: Snapshot, rules: Hygiene, base: Sequence[Item]) -> None:
        self.snapshot, self.rules, self.base = snapshot, rules, base
        self.left_out: list[LeftOut] = []
        self.locked: list[LockedCase] = []
        self.asked: list[Asked] = []
        there = {case.triple.id: case.triple for case in snapshot.cases if not case.text_gone}
        self.names = {f"base:{number}": item.triple for number, item in enumerate(base)}
        self.likeness = Likeness(there | self.names, rules.near_duplicate)

    def leave_out(self, triple_id: str, reason: str) -> None:
        """Note that a case is not learned from."""
        self.left_out.append(LeftOut(triple_id, reason))

    def agreeing(self) -> list[Agreed]:
        """The cases that are there whole, are not locked, and on which two people agree."""
        found = []
        for case in self.snapshot.cases:
            reason = why_not(case, self.snapshot)
            said = agree(case) if reason is None else reason
            if isinstance(said, str):
                self.leave_out(case.triple.id, said)
                if reason is None:
                    self.ask_about(case, said)
            else:
                found.append(said)
        return found

    def ask_about(self, case: KnownCase, reason: str) -> None:
        """Put a case before people on which the judges split, unless people look at it already."""
        if reason == "no_person" and tally(votes_of(case)).label is None:
            self.want(case, Why.JUDGES_SPLIT)

    def want(self, case: KnownCase, why: Why) -> None:
        """Put a case before people, once."""
        if not case.asked:
            self.asked.append(Asked(case.triple.id, why))

    def unlocked(self, agreed: Sequence[Agreed]) -> list[Agreed]:
        """Those that are locked neither before nor now, and read like none that is."""
        known = [case for case in self.snapshot.cases if case.locked]
        trained = {case.triple.id for case in self.snapshot.cases if case.trained and not case.text_gone}
        lots = [(one, self.lock(one, trained)) for one in agreed]
        self.locked = [lock for _, lock in lots if lock]
        out = {case.triple.id for case in known} | {lock.triple_id for lock in self.locked}
        groups = {group_of(case.triple) for case in self.snapshot.cases if case.triple.id in out}
        free = []
        for one, lock in lots:
            name = one.case.triple.id
            if lock:
                self.leave_out(name, "locked")
            elif group_of(one.case.triple) in groups:
                self.leave_out(name, "beside_locked")
            elif self.likeness.touches(name, out):
                self.leave_out(name, "near_locked")
            else:
                free.append(one)
        self.near_locked = out
        return free

    def lock(self, one: Agreed, trained: set[str]) -> LockedCase | None:
        """As what a case is locked now; one that some guard learned from, or one like it, is locked no more."""
        name = one.case.triple.id
        if name in trained or self.likeness.touches(name, trained):
            return None
        return lock_of(one, self.rules, self.snapshot.salt)

    def thinned(self, agreed: Sequence[Agreed]) -> list[Agreed]:
        """Without those that contradict cases like them, and with few of those that read nearly alike."""
        by_id = {one.case.triple.id: one for one in agreed}
        kept = []
        for cluster in self.likeness.clusters(by_id):
            at_odds = {name for name in cluster if self.is_contradicted(by_id[name], cluster, by_id)}
            for name in sorted(at_odds):
                self.leave_out(name, "contradictory")
                self.want(by_id[name].case, Why.CONTRADICTORY)
            rest = [name for name in cluster if name not in at_odds]
            kept += [by_id[name] for name in rest[: self.rules.max_near_duplicates]]
            for name in rest[self.rules.max_near_duplicates :]:
                self.leave_out(name, "near_duplicate")
        return sorted(kept, key=lambda one: one.case.triple.id)

    def is_contradicted(self, one: Agreed, cluster: Sequence[str], by_id: Mapping[str, Agreed]) -> bool:
        """Whether a case of the cluster with the same images has another label."""
        name = one.case.triple.id
        return any(by_id[other].label is not one.label and self.likeness.same_images(name, other) for other in cluster)

    def entered(self, agreed: Sequence[Agreed]) -> Chosen:
        """Those with something to learn, within the caps, and the base rows."""
        entries = []
        for one in agreed:
            item = item_of(one)
            if isinstance(item, str):
                self.leave_out(one.case.triple.id, item)
            else:
                entries.append(Entry(item, one))
        base = self.base_rows()
        limits = limits_of(self.rules, len(entries) + len(base))
        inside, out = within(entries, limits, self.snapshot.salt)
        for entry, reason in out:
            self.leave_out(entry.item.triple.id, reason)
        items = (*(entry.item for entry in inside), *base)
        left_out = sorted(self.left_out, key=lambda one: (one.triple_id, one.reason))
        return Chosen(items, tuple(left_out), tuple(self.locked), tuple(self.asked), limits)

    def base_rows(self) -> list[Item]:
        """The base rows that read like no locked case."""
        found = []
        for name, item in zip(self.names, self.base, strict=True):
            if self.likeness.touches(name, self.near_locked):
                self.leave_out(item.triple.id, "near_locked")
            else:
                found.append(item)
        return found


def why_not(case: KnownCase, snapshot: Snapshot) -> str | None:
    """Why a case cannot be learned from whatever people say of it; None where it can."""
    reasons = {
        "gone": case.triple.id in snapshot.gone and not (case.text_gone or case.image_gone),
        "text_gone": case.text_gone,
        "image_gone": case.image_gone,
        "locked": case.locked is not None,
    }
    return next((name for name, is_so in reasons.items() if is_so), None)
