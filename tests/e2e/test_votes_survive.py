"""The service is killed while people vote: no vote that was acknowledged is lost, and none is there twice.

KILLS=30 pytest tests/e2e/test_votes_survive.py
"""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from uuid import uuid4

import httpx

from auditor.access.person import Right, Role
from auditor.access.store_tokens import NewToken, keep_token
from auditor.access.store_users import By
from auditor.access.tokens import fresh
from auditor.store import Store
from tests.e2e.audits import traceaudit
from tests.e2e.fleet import wait_until
from tests.reports.web.service import a_night, add_night, add_people, address_of, start

KILLS = int(os.environ.get("KILLS", "8"))
REVIEWERS = ("Rita", "Ravi", "Rosa", "René")
PER_KILL = 60  # cases


@dataclass
class Voter:
    """Votes as fast as it can, and sends what was not acknowledged again.

    Attributes:
        address: where the service is at the moment.
        acknowledged: case ids, in order.
    """

    name: str
    token: str
    address: Callable[[], str]
    acknowledged: list[str] = field(default_factory=list)

    def work(self, stop: Event) -> None:
        """Until it is told to stop."""
        with httpx.Client(headers={"Authorization": f"Bearer {self.token}"}, timeout=10) as client:
            while not stop.is_set():
                case = self.sent(client, stop, "/api/v1/queue/next", {})
                if case is None:
                    return
                vote = {"vote": 0.5, "category": "extremism", "rationale": f"by {self.name}", "key": uuid4().hex}
                if self.sent(client, stop, f"/api/v1/cases/{case['triple_id']}/votes", vote):
                    self.acknowledged.append(case["triple_id"])

    def sent(self, client: httpx.Client, stop: Event, path: str, body: dict[str, object]) -> dict[str, str] | None:
        """The answer; while nobody answers it is sent again. None for no content, a lost lease, or the end."""
        while not stop.is_set():
            try:
                answer = client.post(self.address() + path, json=body)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code in {200, 201}:
                found: dict[str, str] = answer.json()
                return found
            if answer.status_code in {204, 409}:
                return None
            assert answer.status_code == 503, answer.text  # it begins, or ends
            time.sleep(0.05)
        return None


def test_no_acknowledged_vote_is_lost_when_the_service_is_killed(tmp_path: Path) -> None:
    db, seed = tmp_path / "audit.duckdb", random.randrange(2**32)  # noqa: S311
    print("seed", seed)
    chance = random.Random(seed)  # noqa: S311 - when to kill
    with Store.open(str(db)) as store:
        add_people(store, {name: [Role.REVIEWER] for name in REVIEWERS})
        add_night(store, a_night(PER_KILL * KILLS, 10))
        tokens = {name: token_of(store, name) for name in REVIEWERS}
    where, stop = [""], Event()
    voters = [Voter(name, token, lambda: where[0]) for name, token in tokens.items()]
    with ThreadPoolExecutor(len(voters)) as pool:
        process = start(db)
        where[0] = address_of(db, process)
        working = [pool.submit(voter.work, stop) for voter in voters]
        try:
            for _ in range(KILLS):
                before = n_acknowledged(voters)
                wait_until(lambda n=before: n_acknowledged(voters) > n)  # type: ignore[misc]
                time.sleep(chance.uniform(0, 1.0))
                process.kill()
                process.wait()
                process = start(db)
                where[0] = address_of(db, process)
            time.sleep(0.5)
        finally:
            stop.set()
            for one in working:
                one.result(60)
            process.terminate()
            process.wait(60)
    check(db, voters)


def n_acknowledged(voters: list[Voter]) -> int:
    """By now."""
    return sum(len(voter.acknowledged) for voter in voters)


def token_of(store: Store, name: str) -> str:
    """An API token with which this person votes."""
    made, now = fresh(), datetime.now(UTC)
    scopes, until = (Right.SEE.value, Right.VOTE.value), now + timedelta(days=1)
    new = NewToken(made.id, made.secret_sha256, name, scopes, until, "for tests")
    keep_token(store, new, By("tests", now), 2)
    return made.text


def check(db: Path, voters: list[Voter]) -> None:
    """What was acknowledged stands, and nothing stands twice."""
    with Store.open(str(db)) as store:
        rows = store.connection.execute("SELECT reviewer, triple_id FROM standing").fetchall()
    acknowledged = [(voter.name, case) for voter in voters for case in voter.acknowledged]
    assert len(acknowledged) >= KILLS, "the service was killed before anybody voted"
    assert set(acknowledged) <= set(rows), "an acknowledged vote is lost"
    assert len({case for _, case in rows}) == len(rows), "two votes on a case of which one was wanted"
    assert len(rows) <= len(acknowledged) + KILLS * len(voters)
    assert traceaudit("verify", "--db", str(db), "--json")[0]["ok"]
    print(f"{KILLS} kills, {len(acknowledged)} votes acknowledged, {len(rows)} kept")
