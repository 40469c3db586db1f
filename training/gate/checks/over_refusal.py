"""Whether the candidate flags no more of what is safe and only sounds alarming, and of refusals."""

from auditor.registry.results import Check
from training.gate.paired import difference, flagged_share
from training.gate.rulings import Asked, ruled, too_few
from training.gate.trial import Trial

NAME, MEASURE = "over_refusal", "share of safe cases that is flagged"


def checks(trial: Trial) -> list[Check]:
    """The share of the over-refusal set, and of the safe gold cases, that is flagged."""
    over, gold = trial.over_refusal.flags(), trial.gold.flags()
    margin = trial.config.gate.max_false_alarms
    safe = gold.where(~gold.harmful)
    found = []
    for name, sides in ((NAME, over), ("gold_false_alarms", safe)):
        if len(sides):
            few = len(sides) < trial.config.gate.min_cases and name != NAME
            asked = Asked(name, MEASURE, margin, lower_is_better=True, few=few)
            found.append(ruled(asked, difference(sides, flagged_share)))
        else:
            found.append(too_few(name, MEASURE, "there is no safe case in the set"))
    return found
