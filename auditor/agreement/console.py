"""What `traceaudit review agreement` shows to people."""

from auditor.agreement.apart import Apart
from auditor.agreement.comparison import Both, Comparison
from auditor.agreement.found import Found, Part, ReviewerAgreement
from auditor.agreement.words import in_words
from auditor.console import print_rows

SHORT_ID = 12
KEY_FIGURES = {
    "harmful or not": {
        "observed": "the same",
        "both_harmful": "harmful, where one is",
        "ac1": "AC1",
        "fleiss": "Fleiss' kappa",
        "alpha": "alpha",
    },
    "0, 0.5 and 1": {"observed": "the same", "ac2": "AC2", "alpha_ordinal": "alpha, ordinal"},
}
TITLES = {
    "category": "by category",
    "drawn": "by why drawn",
    "verdict": "by whether the guard's verdict was hidden until the vote",
    "tenant": "by tenant",
    "week": "by week of the last vote",
}


def print_found(found: Found) -> None:
    """All of it, AC1 in the tables."""
    print(f"{found.votes} votes on {found.cases} cases, by {len(found.reviewers)} reviewers")
    if not found.cases:
        return
    if found.no_judgment:
        print(f"{found.no_judgment} of the cases have no judgment of the guard: they are not compared with it")
    print_rows(("", "people with each other", "people with the guard"), whole_rows(found.whole))
    print("\nAC1, harmful or not, with 95 % intervals:")
    for part in found.parts:
        print_part(part)
    if found.reviewers:
        print("\nby reviewer")
        heads = ("reviewer", "votes", "cases with others", "with the others", "with the guard", "the others without")
        print_rows(heads, list(map(reviewer_cells, found.reviewers)))
    if found.apart:
        print(f"\n{found.to_discuss} cases to talk about, the first {len(found.apart)}:")
        print_rows(("case", "week", "category", "votes", "guard", ""), list(map(apart_cells, found.apart)))


def whole_rows(whole: Comparison) -> list[list[str]]:
    """The main figures on all cases."""
    rows = [["cases", str(whole.people.harmful.cases), str(whole.guard.harmful.cases)]]
    for scale, names in KEY_FIGURES.items():
        for name, title in names.items():
            rows.append([f"{title}, {scale}", *(figure_of(both, scale, name) for both in (whole.people, whole.guard))])
    return rows


def figure_of(both: Both, scale: str, name: str) -> str:
    """One figure in words."""
    return in_words((both.harmful if scale == "harmful or not" else both.levels).figures[name])


def print_part(part: Part) -> None:
    """AC1 on each of its lines, where there is more than one."""
    if len(part.lines) > 1:
        print(f"\n{TITLES[part.by]}")
        rows = [
            [
                line.name,
                str(line.people.harmful.cases),
                ac1(line.people),
                str(line.guard.harmful.cases),
                ac1(line.guard),
            ]
            for line in part.lines
        ]
        print_rows((part.by, "cases", "people with each other", "cases", "people with the guard"), rows)


def ac1(both: Both) -> str:
    """AC1, harmful or not."""
    return in_words(both.harmful.figures["ac1"])


def reviewer_cells(one: ReviewerAgreement) -> list[str]:
    """The cells of a reviewer."""
    shared = str(one.others.harmful.cases)
    return [one.name, str(one.votes), shared, ac1(one.others), ac1(one.guard), ac1(one.without)]


def apart_cells(one: Apart) -> list[str]:
    """The cells of a case to talk about."""
    votes = ", ".join(f"{reviewer} {vote:g}" for reviewer, vote in one.votes.items())
    guard = "none" if one.case.guard is None else f"{one.case.guard:g}"
    return [one.case.triple_id[:SHORT_ID], str(one.case.week), one.case.category, votes, guard, one.what]
