"""What the page of thresholds and the API tell of policies: what holds, what waits for a decision, what became of all.

The effect of a proposal is looked up in an index of what was judged (`reports/what_if/index.py`), which is made once
and kept; a threshold moves in milliseconds then.
"""

import difflib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import islice

from auditor.access.person import Person, Right, same_person
from auditor.errors import AccessDenied, PolicyRefused
from auditor.policies.changes import changes
from auditor.policies.file import configured_policy, read_policy
from auditor.policies.policy import Policy
from auditor.policies.store import InForce, Version, check_approver, history, in_force
from auditor.store import Store
from conf.schema import Config
from reports.errors import NothingToReport
from reports.web.kept import Kept
from reports.web.marks import mark_of
from reports.web.problems import Ending
from reports.web.site import Site
from reports.web.visit import Visit
from reports.what_if.effect import Effect, effect
from reports.what_if.load import Loaded, load

FIRST_WAIT_S = 3.0  # a page waits so long for the first index
MOST_LINES = 400  # of the text of a proposal, in its comparison with the text in force


@dataclass(frozen=True, slots=True)
class Held:
    """The policies there are.

    Attributes:
        today: the UTC day.
        now: what holds today.
        versions: every policy that was proposed, the oldest first.
    """

    today: date
    now: InForce
    versions: Sequence[Version]

    @property
    def waiting(self) -> list[Version]:
        """Those that nobody decided."""
        return [one for one in self.versions if one.decision is None]

    @property
    def decided(self) -> list[Version]:
        """Those that somebody did, the latest decision first."""
        found = [(one.decided_at, one) for one in self.versions if one.decided_at]
        return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]

    @property
    def coming(self) -> list[Version]:
        """Those that are approved, and hold from a later day on."""
        return [one for one in self.decided if one.effective_from and one.effective_from > self.today]

    def free_name(self) -> str:
        """A name for a proposal that none has yet: the day, or the day with a number."""
        taken = {one.version for one in self.versions} | {self.now.policy.version}
        names = (f"{self.today}{suffix}" for suffix in ("", *(f" ({n})" for n in range(2, len(taken) + 3))))
        return next(name for name in names if name not in taken)

    def numbered(self, number: int) -> Policy | None:
        """The policy of a proposal; None where there is none of that number."""
        found = next((one for one in self.versions if one.number == number), None)
        return None if found is None else read_policy(found.text, f"policy {number}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A policy that waits for a decision.

    Attributes:
        changes: what differs from what holds, a sentence each.
        diff: the same in its text, line by line.
        effect: what it would have done; None where nothing was judged yet, or that is still being counted.
        own: whether the person who looks proposed it.
        refusal: why this person may not approve it, in words; empty: this person may.
    """

    version: Version
    changes: Sequence[str]
    diff: Sequence[str]
    effect: Effect | None
    own: bool
    refusal: str


def held(store: Store, config: Config, today: date) -> Held:
    """The policies there are."""
    now = in_force(store.connection, today, configured_policy(config.policy))
    return Held(today, now, history(store.connection))


def counted(visit: Visit, store: Store, wait_s: float = FIRST_WAIT_S) -> Kept[Loaded] | None:
    """What was judged, as an index; None while the first one is still being made.

    Raises:
        NothingToReport: nothing was judged yet.
    """
    site = visit.site
    return site.shelf.get("what-if", lambda: load_anew(site), mark_of(store.connection), wait_s)


def load_anew(site: Site) -> Loaded:
    """The index of the last four weeks; it takes seconds for a million verdicts."""
    with site.owner.connection() as store:
        if store is None:
            raise Ending
        return load(store, site.config, None, None)


def effect_of(kept: Kept[Loaded], now: Policy, proposed: Policy) -> Effect:
    """What a policy would have done, beside the one in force."""
    return effect(kept.value.material, kept.value.period, now, proposed)


def proposals(visit: Visit, store: Store, known: Held) -> Iterator[Proposal]:
    """What waits for a decision, the latest first."""
    kept = None
    with suppress(NothingToReport):
        kept = counted(visit, store)
    for one in reversed(known.waiting):
        policy = read_policy(one.text, f"policy {one.number}")
        yield Proposal(
            one,
            changes(known.now.policy, policy),
            list(diff_of(known.now.policy, policy)),
            effect_of(kept, known.now.policy, policy) if kept else None,
            same_person(one.proposed_by, visit.person.name),
            refusal(visit.person, one, known.now.policy),
        )


def refusal(person: Person, proposal: Version, now: Policy) -> str:
    """Why a person may not approve a proposal; empty where nothing speaks against it."""
    try:
        check_approver(person.name, proposal, now)
    except PolicyRefused as error:
        return str(error)
    return ""


def diff_of(old: Policy, new: Policy) -> Iterator[str]:
    """The lines in which two policy files differ, with those around them; each begins with a blank, + or -."""
    lines = difflib.unified_diff(old.text.splitlines(), new.text.splitlines(), lineterm="", n=2)
    after_names = islice(lines, 2, None)
    yield from islice(after_names, MOST_LINES)
    if next(after_names, None) is not None:
        yield " …"


def may_decide(person: Person, known: Held, number: int, *, approve: bool) -> None:
    """Refuse who may not decide a proposal; who made it may take it back.

    Raises:
        AccessDenied: it takes another right.
    """
    if person.may(Right.APPROVE):
        return
    made = next((one for one in known.versions if one.number == number), None)
    if approve or made is None or not same_person(made.proposed_by, person.name):
        raise AccessDenied(person.name, Right.APPROVE)
