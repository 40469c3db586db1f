"""Three layers side by side: what moderation in the log said, what the images add, what the trajectory audit says."""

import duckdb

from auditor import queries_layers
from auditor.scope import Row, Scope
from reports.sections import Disagreement, ImageLayer, LayerLine, Layers, SignalLine, TrajectoryLayer

MOST_SIGNALS = 100
MOST_TENANTS = 20
MOST_EXAMPLES = 10


def read_layers(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> Layers:
    """The three layers of the period, and where they disagree."""
    apart = queries_layers.disagreements(cursor, scope, MOST_TENANTS, MOST_EXAMPLES)
    return Layers(
        lines=tuple(LayerLine(**row) for row in queries_layers.lines(cursor, scope)),
        signals=tuple(SignalLine(**row) for row in queries_layers.signals(cursor, scope, MOST_SIGNALS)),
        image=ImageLayer(**queries_layers.image_layer(cursor, scope)),
        trajectory=TrajectoryLayer(**queries_layers.trajectory_layer(cursor, scope)),
        disagreements=tuple(map(disagreement, apart)),
    )


def disagreement(row: Row) -> Disagreement:
    """Exchanges of one kind."""
    by_tenant = {one["tenant"]: one["n"] for one in row["by_tenant"]}
    return Disagreement(row["kind"], row["exchanges"], by_tenant, tuple(row["examples"]))
