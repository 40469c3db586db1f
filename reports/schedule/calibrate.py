"""The risk is calibrated anew once enough was voted since it last was."""

from datetime import datetime

from auditor.calibrate_cli import NOTHING
from auditor.errors import ChildFailed
from auditor.store import Store
from conf.cli import FAILED
from reports.schedule import store_news
from reports.schedule.children import in_child, told
from reports.schedule.jobs import Surroundings
from reports.schedule.plan import Period
from reports.schedule.runner import Result

JOB = "calibrate"


def calibrate(around: Surroundings, store: Store, _: Period, now: datetime) -> Result:
    """Fit the risk to what reviewers said, if enough of them said something new."""
    news, least = store_news.news_for(store, JOB), around.config.schedule.calibrate_min_new
    if news.votes < least:
        return Result(f"not due: {news.votes} new votes, and {least} are waited for")
    ended = in_child(around, store, [JOB, "--json"], (0, FAILED))
    if ended.code and not ended.words.startswith(NOTHING):
        raise ChildFailed(JOB, f"failed: {ended.words or 'see the log'}")
    fitted = [line for line in told(ended) if not line["refused"]]
    new = sum(line["new"] for line in fitted)
    detail = f"{news.votes} new votes; {new} of {len(fitted)} calibrations changed" if fitted else ended.words
    return Result(detail, lambda kept: store_news.note_seen(kept, JOB, news, now))
