"""Which guard serves: candidates with their signed manifests, the one that is promoted, and the way back.

results     what a gate found of a candidate, check by check
manifest    what is known of a model, and the signatures of that
serving     the pointer to the model that serves
folder      the registry on disk: versions, added whole or not at all, and the pointer
places      where the registry of a configuration is, and whose signatures count
opening     the pointer mended by whoever opens the database to keep it open
following   what one who judges goes over to between two batches, once it is known to be whole
promotions  proposed by one person, decided by another; rolled back; in the database, then the pointer
shown       versions and promotions as commands and the API tell them
cli         what `traceaudit models` does there
answers     what `traceaudit models` asks of whoever owns the database
store_gates what gates found, in the database
shadow      a candidate judges stored triples beside the guard that serves, and decides nothing
shadow_cli  the command of that
"""
