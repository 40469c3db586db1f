"""The pointer of the registry, looked at by whoever opens the database to keep it open."""

from datetime import datetime

from auditor.owner import tell
from auditor.registry.places import open_registry
from auditor.registry.promotions import history, reconcile, standing
from auditor.store import Store
from conf.errors import TraceauditError
from conf.schema import Config


def mend_pointer(store: Store, config: Config, now: datetime) -> None:
    """Let the pointer say what was decided; where that cannot be, it is said, and what serves serves."""
    if standing(history(store.connection)) is None:
        return
    try:
        mended = reconcile(store, open_registry(config, write=True), now)
    except TraceauditError as error:
        tell(f"what was decided to serve cannot be pointed at: {error}")
        return
    if mended:
        tell(f"the pointer to the serving model was {mended.why}, and says again what was decided")
