"""Engines: what reads a source and hands over batches; one promise, several ways to run.

base      the Engine protocol and what it promises
batching  records become batches, by count, bytes and age
aside     a function in a thread of its own, while something else is done now and then
resuming  passes over what is stored already, where reading begins before it for the sake of held records
embedded  one process: poll, normalize, hand over, advance
spark     topics in Structured Streaming; not in the table, see there
"""

ENGINES = {
    "embedded": "ingest.engines.embedded:Embedded",
}
