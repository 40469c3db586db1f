"""Who may do what."""

import pickle

import pytest

from auditor.access.person import Right, Role, person_with, same_person
from auditor.errors import AccessDenied


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.VIEWER, {Right.SEE}),
        (Role.REVIEWER, {Right.SEE, Right.VOTE}),
        (Role.EXPERT, {Right.SEE, Right.VOTE, Right.ADJUDICATE, Right.PROPOSE}),
        (Role.APPROVER, {Right.SEE, Right.PROPOSE, Right.APPROVE, Right.OPERATE}),
        (Role.ADMIN, {Right.SEE, Right.OPERATE, Right.ADMINISTER}),
    ],
)
def test_a_role_gives_its_rights_and_no_other(role: Role, rights: set[Right]) -> None:
    person = person_with("Ada", [role])
    assert {right for right in Right if person.may(right)} == rights


def test_who_sees_some_tenants_has_no_right_over_all_of_them() -> None:
    person = person_with("Ada", list(Role), ["harbor-bank"])
    assert {right for right in Right if person.may(right)} == {Right.SEE, Right.VOTE, Right.ADJUDICATE}


def test_a_missing_right_is_named() -> None:
    with pytest.raises(AccessDenied, match='Ada may not do this: it takes the right "vote"') as refused:
        person_with("Ada", [Role.VIEWER]).need(Right.VOTE)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301 - our own


def test_a_name_is_of_one_person_whatever_its_case() -> None:
    assert same_person(" Ada ", "ADA")
    assert not same_person("Ada", "Adam")
