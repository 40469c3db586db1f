"""The guard is trained anew once enough cases were agreed on, or enough time passed; what comes of it is a candidate.

Nothing is promoted by a job: that takes two people.
"""

from datetime import datetime, timedelta

from auditor.errors import ChildFailed
from auditor.store import Store
from conf.cli import FAILED
from conf.schema import Training
from reports.errors import NotAgain
from reports.schedule import store_news
from reports.schedule.children import in_child, told
from reports.schedule.jobs import Surroundings
from reports.schedule.plan import Period
from reports.schedule.runner import Result
from reports.schedule.store_news import News

JOB = "retrain"


def retrain(around: Surroundings, store: Store, _: Period, now: datetime) -> Result:
    """Train a candidate, if that is due; it waits in the registry for people.

    Raises:
        NotAgain: there is not enough to learn from, or the candidate does not pass the gate; the next report says so.
            It is tried again once more was reviewed.
    """
    news = store_news.news_for(store, JOB)
    if reason := not_due(news, around.config.training, now):
        return Result(reason)
    ended = in_child(around, store, ["train", "--json"], (0, FAILED))
    run = next(reversed(told(ended)), None)
    if run is None:
        raise ChildFailed("train", f"failed: {ended.words or 'see the log'}")
    if run["state"] != "candidate":
        store_news.note_seen(store, JOB, news, now)
        raise NotAgain(run["detail"])
    return Result(run["detail"], lambda kept: store_news.note_seen(kept, JOB, news, now))


def not_due(news: News, training: Training, now: datetime) -> str:
    """Why there is no need to train yet; empty where there is.

    A last time that lies ahead was noted by a clock that was wrong, and counts for nothing.
    """
    if news.cases >= training.min_new:
        return ""
    waited = now - news.last if news.last else timedelta(0)
    too_soon = timedelta(0) <= waited < timedelta(days=training.every_days)
    if news.cases and not too_soon:
        return ""
    after = f"or {waited.days} days of {training.every_days}" if too_soon else "or one, since the time has come"
    return f"not due: {news.cases} newly agreed cases of {training.min_new}, {after}"
