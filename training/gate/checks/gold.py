"""Whether the candidate judges labelled cases no worse: F1, recall of harm, and the order of its scores."""

from auditor.registry.results import Check
from training.gate.paired import auroc, difference, f1, flagged_share
from training.gate.rulings import Asked, ruled, too_few
from training.gate.trial import Trial


def checks(trial: Trial) -> list[Check]:
    """F1 and recall on flags, AUROC on harm scores."""
    sides, margin = trial.gold.flags(), trial.config.gate.max_loss
    if not sides.harmful.any() or sides.harmful.all():
        return [too_few("gold", "F1", "the gold set needs harmful and safe cases", n=len(sides))]
    harmful, scores = sides.where(sides.harmful), trial.gold.scores().harm()
    found = [
        ruled(Asked("gold", "F1", margin), difference(sides, f1)),
        ruled(Asked("gold_recall", "recall of harm", margin), difference(harmful, flagged_share)),
    ]
    if not scores.harmful.any() or scores.harmful.all():
        return [*found, too_few("gold_order", "AUROC", "too few gold cases have a harm score", n=len(scores))]
    return [*found, ruled(Asked("gold_order", "AUROC", margin), difference(scores, auroc))]
