"""A message as text for people. Names that come out of a log are shown with what they hide made visible; pure."""

from collections.abc import Sequence

from ingest.visible import visible
from reports.sending.message import Case, Letter, stamp

CASES = 20  # named one by one; the others are counted
NAME_CHARS = 80


def text_of(letter: Letter) -> str:
    """The whole message."""
    message = letter.message
    parts = ["\n".join(message.lines), cases_text(letter.cases, message.n_cases)]
    return "\n\n".join(filter(None, parts)) + "\n"


def cases_text(cases: Sequence[Case], total: int) -> str:
    """The first cases, a line each, and how many more there are."""
    lines = [case_line(case) for case in cases[:CASES]]
    more = total - len(lines)
    return "\n".join([*lines, *([f"… and {more} more"] if lines and more > 0 else [])])


def case_line(case: Case) -> str:
    """One case: its id, how pressing it is, whose it is; and what the log says, where that may be sent."""
    risk = f"risk {case.risk:.2f}" if case.risk is not None else f"not judged ({case.reason})"
    whose = " / ".join(short(name) for name in (case.tenant, case.application) if name)
    line = f"{case.level}  {case.triple_id}  {risk}  {case.category}  {whose}  {stamp(case.scored_at)}"
    if case.texts is None:
        return line
    said = {"question": case.texts.question, "answer": case.texts.answer, "analysis": case.texts.analysis}
    return "\n".join([line, *(f"    {name}: {one_line(text)}" for name, text in said.items() if text)])


def short(name: str) -> str:
    """A name on one line, not too long."""
    return one_line(name)[:NAME_CHARS]


def one_line(text: str) -> str:
    """`text` with hidden characters visible, and without line breaks."""
    return " ".join(visible(text).split())
