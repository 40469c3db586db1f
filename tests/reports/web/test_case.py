"""Queue, case and search: what a reviewer is shown, and what not yet."""

import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from auditor.access.person import Role, person_with
from auditor.store import Store
from auditor.store_reviews import read_all
from auditor.store_rows import image_rows, triple_columns
from tests.auditor.reviewing.seeded import asking_for
from tests.factories import make_image, make_triple
from tests.reports.web.service import a_night, add_night, yesterday
from tests.reports.web.site import Clock, Somebody, browsing

RITA, RAVI = (person_with(name, [Role.REVIEWER]) for name in ("Rita", "Ravi"))
ELENA, VERA = person_with("Elena", [Role.EXPERT]), person_with("Vera", [Role.VIEWER])
HARMFUL = {"vote": "1", "category": "cybersecurity", "rationale": "It tells how to get in."}
ANALYSIS = "analysis at"  # how that of each verdict begins


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:") as opened:
        add_night(opened, a_night(3, 3))
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock(yesterday().replace(tzinfo=UTC) + timedelta(days=1))


@pytest.fixture
def somebody() -> Somebody:
    return Somebody(RITA)


@pytest.fixture
def client(store: Store, somebody: Somebody, clock: Clock) -> Iterator[TestClient]:
    with browsing(store, somebody, clock) as opened:
        yield opened


@pytest.fixture
def of_two(store: Store, somebody: Somebody, clock: Clock, tmp_path: Path) -> Iterator[TestClient]:
    with browsing(store, somebody, clock, asking_for(2, tmp_path)) as opened:
        yield opened


def next_case(client: TestClient, **fields: object) -> str:
    """The address of the next case."""
    answer = client.post("/queue/next", data=fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def path_of(address: str) -> str:
    return address.partition("?")[0]


def words_of(answer: Any) -> str:
    """What a page shows, without its tags."""
    assert answer.status_code in {200, 409, 422}, answer.text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text)))


def test_a_case_shows_what_was_said_and_what_the_guard_and_the_policy_said(client: TestClient) -> None:
    words = words_of(client.get(next_case(client)))
    for said in (
        "It was thought.",
        ANALYSIS,
        "at or above the line for escalating 0.5 (the default of policy built-in)",
    ):
        assert said in words
    assert "It is kept for you until" in words
    assert "Today: 0 of" in words


def test_the_verdict_on_a_case_below_the_line_is_not_sent_before_the_vote(client: TestClient, store: Store) -> None:
    ((below,),) = store.connection.execute("SELECT triple_id FROM draws WHERE reason = 'below' LIMIT 1").fetchall()
    page, answer = client.get(f"/cases/{below}"), client.get(f"/api/v1/cases/{below}").json()
    for told in (page.text, str(answer)):
        assert ANALYSIS not in told
        assert "below the line" not in told
    assert (answer["verdict_hidden"], answer["verdict"], answer["line"]) == (True, None, None)
    assert "Hidden until you have voted" in page.text
    found = {one["triple_id"]: one for one in client.get("/api/v1/cases").json()["cases"]}
    assert (found[below]["hidden"], found[below]["risk"]) == (True, None)
    kept = client.post(f"/cases/{below}/votes", data={"vote": "0"})
    assert ANALYSIS in client.get(kept.headers["location"]).text
    assert client.get(f"/api/v1/cases/{below}").json()["verdict"]["analysis"].startswith(ANALYSIS)


def test_who_does_not_vote_sees_all_and_has_no_form(client: TestClient, store: Store, somebody: Somebody) -> None:
    somebody.person = VERA
    ((below,),) = store.connection.execute("SELECT triple_id FROM draws WHERE reason = 'below' LIMIT 1").fetchall()
    page = client.get(f"/cases/{below}")
    assert ANALYSIS in page.text
    assert "data-ballot" not in page.text
    assert "You read cases" in words_of(client.get("/queue"))


def test_a_vote_leads_to_the_next_case_and_can_be_taken_back_from_there(client: TestClient, store: Store) -> None:
    first = next_case(client)
    answer = client.post(f"{path_of(first)}/votes", data={"vote": "0", "then": "next"})
    second = answer.headers["location"]
    assert path_of(second) not in {path_of(first), "/queue"}
    page = client.get(second)
    assert "Today: 1 of" in words_of(page)
    (withdrawal,) = re.findall(r'action="(/votes/[^"]+/withdrawal)"', page.text)
    back = client.post(withdrawal).headers["location"]
    assert path_of(back) == path_of(first)
    assert "data-ballot" in client.get(back).text
    assert [one.withdrawn for one in read_all(store)] == [True]


def test_what_a_vote_says_is_no_filter_and_a_filter_stays(client: TestClient) -> None:
    then = {"then": "next", "tenant": "harbor-bank", "of_category": "crime_and_illegal_activities"}
    answer = client.post(f"{path_of(next_case(client))}/votes", data=HARMFUL | then)
    address = answer.headers["location"]
    assert path_of(address) != "/queue"
    assert "of_category=crime_and_illegal_activities" in address
    assert "cybersecurity" not in address
    answer = client.post(f"{path_of(address)}/votes", data=HARMFUL | then | {"of_category": "hate_speech"})
    assert path_of(answer.headers["location"]) == "/queue"


def test_a_vote_cannot_be_taken_back_from_the_page_when_its_minute_is_over(client: TestClient, clock: Clock) -> None:
    answer = client.post(f"{path_of(next_case(client))}/votes", data={"vote": "0", "then": "next"})
    clock.now += timedelta(seconds=61)
    assert "withdrawal" not in client.get(answer.headers["location"]).text


def test_a_vote_that_says_too_little_keeps_what_was_written(client: TestClient, store: Store) -> None:
    address = path_of(next_case(client))
    answer = client.post(f"{address}/votes", data={"vote": "0.5", "rationale": "half a <thought>"})
    assert answer.status_code == 409
    assert "needs a category and a rationale" in words_of(answer)
    assert "half a &lt;thought&gt;</textarea>" in answer.text
    assert read_all(store) == []
    assert client.post(f"{address}/votes", data=HARMFUL | {"vote": "0.7"}).status_code == 409


def test_the_same_form_sent_twice_is_one_vote(client: TestClient, store: Store) -> None:
    address = next_case(client)
    (key,) = re.findall(r'name="key" value="([^"]+)"', client.get(address).text)
    for _ in range(2):
        assert client.post(f"{path_of(address)}/votes", data=HARMFUL | {"key": key}).status_code == 303
    assert len(read_all(store)) == 1


def test_a_case_that_is_left_to_others_does_not_come_back_at_once(client: TestClient, somebody: Somebody) -> None:
    first = next_case(client)
    second = client.post(f"{path_of(first)}/put-back").headers["location"]
    assert path_of(second) != path_of(first)
    assert f"passed={path_of(first).removeprefix('/cases/')}" in second
    somebody.person = RAVI
    assert path_of(next_case(client)) == path_of(first)


def test_others_votes_are_shown_when_the_case_is_decided_and_ones_own_stands(
    of_two: TestClient, somebody: Somebody, clock: Clock
) -> None:
    client, address = of_two, path_of(next_case(of_two))
    client.post(f"{address}/votes", data=HARMFUL)
    somebody.person = RAVI
    assert "It tells how to get in." not in client.get(address).text
    client.post(f"{address}/votes", data={"vote": "0"})
    page = client.get(address)
    assert "It tells how to get in." not in page.text
    assert "What others said can be read from" in words_of(page)
    assert "It tells how to get in." not in str(client.get(f"/api/v1{address}").json())
    clock.now += timedelta(seconds=61)
    assert "It tells how to get in." in client.get(address).text


def test_an_expert_decides_where_votes_split_with_all_rationales_at_hand(
    of_two: TestClient, somebody: Somebody, store: Store
) -> None:
    client, address = of_two, path_of(next_case(of_two))
    client.post(f"{address}/votes", data=HARMFUL)
    somebody.person = RAVI
    client.post(f"{address}/votes", data={"vote": "0", "rationale": "It is public."})
    somebody.person = ELENA
    assert address in client.get("/queue").text
    page = client.get(address)
    assert "Your decision" in words_of(page)
    for rationale in (HARMFUL["rationale"], "It is public."):
        assert rationale in page.text
    refused = client.post(f"{address}/adjudication", data={"vote": "0"})
    assert "a decision needs a rationale" in words_of(refused)
    decided = client.post(f"{address}/adjudication", data={"vote": "0", "rationale": "Both are right; it is public."})
    assert "decided by an expert" in words_of(client.get(decided.headers["location"]))
    assert sorted(one.kind for one in read_all(store)) == ["adjudication", "vote", "vote"]


def test_a_case_of_another_tenant_is_not_there(client: TestClient, somebody: Somebody) -> None:
    address = path_of(next_case(client))
    somebody.person = person_with("Olga", [Role.REVIEWER], ["somebody-else"])
    for path in (address, f"/api/v1{address}", f"{address}/similar", f"{address}/images/{'0' * 64}"):
        assert client.get(path).status_code == 404
    assert client.post(f"{address}/votes", data={"vote": "0"}).status_code == 404
    assert client.post(f"{address}/lease").status_code == 404
    assert path_of(next_case(client)) == "/queue"


def test_reading_is_noted_before_and_searching_without_its_words(client: TestClient, store: Store) -> None:
    address = path_of(next_case(client))
    client.get(address)
    client.get("/cases", params={"text": "tide", "tenant": "harbor-bank"})
    query = "SELECT kind, actor, details FROM events WHERE kind IN ('case.read', 'cases.searched') ORDER BY seq"
    kinds = store.connection.execute(query).fetchall()
    assert kinds[0] == ("case.read", "Rita", '{"where":"page"}')
    assert "tide" not in str(kinds)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"first": "soon"}, "write days as 2026-12-01"),
        ({"min_risk": "2"}, "write risks as numbers from 0 to 1"),
        ({"before": "nonsense"}, "Every exchange"),
        ({"before": "2026-01-01T00:00:00+01:00_x"}, "Every exchange"),
        ({"state": "nonsense", "category": "nonsense"}, "Every exchange"),
    ],
)
def test_a_search_that_cannot_be_read_says_so(client: TestClient, fields: dict[str, str], says: str) -> None:
    assert says in words_of(client.get("/cases", params=fields))


def png(size: tuple[int, int]) -> bytes:
    """An image of that size."""
    target = BytesIO()
    Image.new("RGB", size, "red").save(target, "PNG")
    return target.getvalue()


def test_an_image_is_drawn_anew_for_who_sees_the_case(
    client: TestClient, store: Store, somebody: Somebody, clock: Clock
) -> None:
    data = png((3, 2)) + b"what a log hides behind an image"
    image, broken = make_image(data), make_image(b"no image at all")
    triple = make_triple(id="pictured", tenant="harbor-bank", images=(image, broken))
    store.blobs.keep(image)
    store.blobs.keep(broken)
    store.insert_columns("triples", triple_columns([triple], clock.now))
    store.insert("images", list(image_rows(triple)))
    answer = client.get(f"/cases/pictured/images/{image.sha256}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(BytesIO(answer.content)).size == (3, 2)
    assert b"hides" not in answer.content
    assert client.get(f"/cases/pictured/images/{broken.sha256}").status_code == 404
    for other in (f"/cases/pictured/images/{'0' * 64}", f"{path_of(next_case(client))}/images/{image.sha256}"):
        assert client.get(other).status_code == 404
    reads = "SELECT count(*) FROM events WHERE kind = 'case.read' AND subject = 'pictured'"
    assert store.connection.execute(reads).fetchall() == [(1,)]
    somebody.person = person_with("Olga", [Role.REVIEWER], ["somebody-else"])
    assert client.get(f"/cases/pictured/images/{image.sha256}").status_code == 404
