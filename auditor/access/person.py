"""People, their roles, and what these let them do; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from auditor.errors import AccessDenied
from conf.errors import TraceauditError

MAX_NAME_CHARS = 200


class Role(StrEnum):
    """What a person is to the audit; one may have several."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    EXPERT = "expert"
    APPROVER = "approver"
    ADMIN = "admin"


class Right(StrEnum):
    """What can be allowed.

    SEE: reports, search, and cases with their texts. VOTE: on cases. ADJUDICATE: decide cases on which votes split.
    PROPOSE and APPROVE: a policy, or which model serves. OPERATE: look into jobs, deliveries and the audit trail, and
    start jobs. ADMINISTER: users, tokens, retention and erasure.
    """

    SEE = "see"
    VOTE = "vote"
    ADJUDICATE = "adjudicate"
    PROPOSE = "propose"
    APPROVE = "approve"
    OPERATE = "operate"
    ADMINISTER = "administer"


RIGHTS = {
    Role.VIEWER: frozenset({Right.SEE}),
    Role.REVIEWER: frozenset({Right.SEE, Right.VOTE}),
    Role.EXPERT: frozenset({Right.SEE, Right.VOTE, Right.ADJUDICATE, Right.PROPOSE}),
    Role.APPROVER: frozenset({Right.SEE, Right.PROPOSE, Right.APPROVE, Right.OPERATE}),
    Role.ADMIN: frozenset({Right.SEE, Right.OPERATE, Right.ADMINISTER}),
}

# Of all tenants at once, so that nobody has them who sees only some.
OF_ALL_TENANTS = frozenset({Right.PROPOSE, Right.APPROVE, Right.OPERATE, Right.ADMINISTER})


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks.

    Attributes:
        name: as reviews and the audit trail have it.
        rights: what this person may do, here and now; a token may give fewer than the roles do.
        tenants: those that this person sees; None for all.
    """

    name: str
    rights: frozenset[Right]
    tenants: frozenset[str] | None = None

    def may(self, right: Right) -> bool:
        """Whether this person has a right."""
        return right in self.rights and (self.tenants is None or right not in OF_ALL_TENANTS)

    def need(self, right: Right) -> None:
        """Refuse who does not have it.

        Raises:
            AccessDenied: says which right is missing.
        """
        if not self.may(right):
            raise AccessDenied(self.name, right)


def person_with(name: str, roles: Iterable[Role], tenants: Iterable[str] | None = None) -> Person:
    """The person with all that these roles allow."""
    rights = frozenset[Right]().union(*(RIGHTS[role] for role in roles))
    return Person(name, rights, None if tenants is None else frozenset(tenants))


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person, whatever their case."""
    return one.strip().casefold() == other.strip().casefold()


def name_of(name: str, refused: type[TraceauditError]) -> str:
    """The name of who does something, without blanks around it.

    Raises:
        refused: it is empty or far too long.
    """
    person = name.strip()
    if not 0 < len(person) <= MAX_NAME_CHARS:
        raise refused(f"say who does this: --by NAME, at most {MAX_NAME_CHARS} characters")
    return person
