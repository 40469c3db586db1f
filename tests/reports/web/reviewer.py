"""A reviewer who works through the pages as a browser does, without a browser."""

import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from tests.reports.web.service import PASSWORD

CASE = re.compile(r"/cases/([0-9a-f]{64})")
KEY = re.compile(r'name="key" value="([^"]+)"')


@dataclass
class Reviewer:
    """Takes cases, reads them and votes.

    Attributes:
        client: with the service as its base.
        pages_s: how long each page took, a redirect and where it led to counted as two.
        votes: of this name, on this case; acknowledged.
        case: address of the case before this reviewer; empty for none.
    """

    client: httpx.Client
    name: str
    pages_s: list[float] = field(default_factory=list)
    votes: list[tuple[str, str]] = field(default_factory=list)
    case: str = ""
    key: str = ""

    def log_in(self) -> None:
        """By name and password."""
        answer = self.post("/login", name=self.name, password=PASSWORD, after="/queue")
        assert answer.status_code == 303, answer.text
        self.pages_s.clear()  # passwords are slow on purpose

    def decide_next(self, think_s: float = 0.0) -> bool:
        """Read a case and vote on it; False where there is none."""
        if not self.case and not self.open(self.post("/queue/next")):
            return False
        time.sleep(think_s)
        found = CASE.search(self.case)
        assert found, self.case
        said = {
            "vote": "0.5",
            "category": "extremism",
            "rationale": f"So says {self.name}.",
        }
        answer = self.post(f"/cases/{found[1]}/votes", **said, key=self.key, then="next", queue="1")
        assert answer.status_code == 303, answer.text
        self.votes.append((self.name, found[1]))
        return self.open(answer)

    def open(self, answer: httpx.Response) -> bool:
        """Go where an answer leads; whether that is a case."""
        assert answer.status_code == 303, answer.text
        page = self.timed("GET", answer.headers["location"])
        assert page.status_code == 200, page.text
        key = KEY.search(page.text)
        self.case, self.key = (answer.headers["location"], key[1]) if key else ("", "")
        return bool(key)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the site's own."""
        return self.timed("POST", path, fields)

    def timed(self, method: str, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        """Ask, as a browser would that shows a page of the site."""
        base = self.client.base_url
        headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
        if method == "POST":
            headers["Origin"] = f"{base.scheme}://{urlsplit(str(base)).netloc}"
        began = time.perf_counter()
        answer = self.client.request(method, path, data=fields, headers=headers)
        self.pages_s.append(time.perf_counter() - began)
        return answer
