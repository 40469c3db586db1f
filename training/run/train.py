"""One training, from what people said to a candidate in the registry. What serves is never touched by it."""

from contextlib import suppress

from auditor.models import Checkpoint
from conf.errors import TraceauditError
from training.errors import TrainingRefused
from training.run.begin import Run, new_run, run_under_way
from training.run.folder import alone, folder_of, take_away
from training.run.oracles import oracle_settings
from training.run.order import Order, base_checkpoint
from training.run.rows import base_rows
from training.run.told import Outcome
from training.run.troubles import in_words


def train(order: Order) -> Outcome:
    """Train a candidate, or go on with one that a killed process began, and have the gate try it.

    Raises:
        TrainingBusy: another process trains.
        TrainingRefused: there is not enough to learn from, or not of both classes.
        ModelNotFound, ModelUnusable: of the base.
        TrainingFailed: the disk is full, memory does not suffice, or a case was erased meanwhile.
        ConfigError: `training.oracle` names no endpoint.
    """
    oracle_settings(order.config)
    folder, base = folder_of(order.config), base_checkpoint(order.config)
    with alone(folder):
        run = run_under_way(order, folder, base) or begun(order, base)
        from training.run.finish import finished  # only here it takes torch, which is seconds
        from training.run.stages import run_stages

        try:
            trained = run_stages(order, run)
        except TrainingRefused as error:
            end_refused(order, run, error)
            raise
        return finished(order, run, trained)


def begun(order: Order, base: Checkpoint) -> Run:
    """A run that begins now."""
    folder, rows = folder_of(order.config), base_rows(order.config)
    for reason, n in rows.passed_over.items():
        order.say(f"{n} rows of {order.config.training.rows} are passed over: {reason}")
    with in_words("what is learned from", folder):
        run = new_run(order, folder, base, rows)
    told = ", ".join(f"{n} {name}" for name, n in run.state.counts.items())
    order.say(f"training {run.state.run_id} from {base.model_id} {base.revision[:12]}: {len(run.items)} items ({told})")
    return run


def end_refused(order: Order, run: Run, error: TrainingRefused) -> None:
    """End a run that had nothing to learn from."""
    with suppress(TraceauditError):
        order.ask("training.end", run.state.run_id, "refused", str(error), None, order.now())
    take_away(run.home)
