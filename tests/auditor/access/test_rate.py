"""Guessing is limited by name and by address, whatever the clock, and memory is bounded."""

import pytest

from auditor.access import rate
from auditor.access.rate import Attempts, Limits, network_of


def attempts(per_name: int = 3, per_address: int = 5) -> Attempts:
    return Attempts(Limits(per_name, per_address, window_s=100))


def test_a_name_is_limited_from_wherever_it_is_tried() -> None:
    tries = attempts()
    assert [tries.begin("ada", f"10.0.0.{n}", now_s=n) for n in range(4)] == [0, 0, 0, 97]
    assert tries.begin("ADA ", "10.0.0.9", now_s=99) == 1
    assert tries.begin("ada", "10.0.0.9", now_s=100) == 0
    assert tries.begin("ada", "10.0.0.9", now_s=100) == 1


def test_an_address_is_limited_whatever_name_it_tries() -> None:
    tries = attempts()
    assert [tries.begin(f"user{n}", "10.0.0.1", now_s=0) for n in range(6)] == [0, 0, 0, 0, 0, 100]
    assert tries.begin("user9", "10.0.0.2", now_s=0) == 0


def test_an_attempt_that_is_refused_does_not_count() -> None:
    tries = attempts(per_name=1)
    assert tries.begin("ada", "10.0.0.1", now_s=0) == 0
    assert [tries.begin("ada", "10.0.0.1", now_s=n) for n in (50, 99, 100)] == [50, 1, 0]


def test_who_logs_in_starts_anew_and_others_of_the_address_are_not_forgiven() -> None:
    tries = attempts()
    for n in range(2):
        tries.begin("eve", "10.0.0.1", now_s=n)
    for n in range(2):
        tries.begin("ada", "10.0.0.1", now_s=10 + n)
    tries.succeeded("ada", "10.0.0.1", now_s=11)
    assert [tries.begin("ada", "10.0.0.2", now_s=20 + n) for n in range(3)] == [0, 0, 0]
    assert [tries.begin(f"user{n}", "10.0.0.1", now_s=30) for n in range(3)] == [0, 0, 70]


def test_one_machine_does_not_choose_among_its_ipv6_addresses() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:10.0.0.1") == network_of("10.0.0.1")
    assert network_of("testclient") == "testclient"


def test_what_it_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "MOST_KEYS", 100)
    tries = attempts()
    for n in range(1000):
        tries.begin(f"user{n}", f"10.0.{n // 250}.{n % 250}", now_s=n / 100)
    assert len(tries.tries) <= 101
    assert tries.begin("user999", "10.9.9.9", now_s=10) == 0
    assert len(tries.tries[tries.keys("user999", "")[0][0]]) == 2
