"""Triples in, verdicts out; in the order of the flow.

verdict     Judgment, Verdict and its key
known_models  the published guards: where their weights and prompts are
fetch       brings one, and its prompts
lock        what was brought, with hashes: nothing of it may change
refusals    pickles and code are refused
template    a checkpoint's own chat template against the prompt that we build
models_cli  the command models
models      finds and checks a checkpoint; builtin:demo is one of them
registry/   retrained guards: whole and signed, promoted by two people, rolled back by one
tokens      the guard's tokenizer, which makes no special token of log text
guard_input  what the guard is shown of a triple, as text and images
local_policy  the operator's own policy for a tenant or application, shown beside it
prompt      that becomes the guard's prompt, as token ids
vision      an image as the guard sees it
bisect      finds the triple at which a backend breaks, so that the others are judged
host        prepares cases ahead, while the model judges others
microbatch  which triples go through the model together
qwen        one forward pass of the model over rows that share a prefix
backends/   what runs the model: transformers, vllm, server, scripted
skeleton    a text with its disguises off, for finding what is forged
completion  the guard's text becomes analysis and judgment, or is unreadable
imitation   log text that imitates the guard's own, and judgments that were copied out of it
labels      the label trie: 0, 0.5 and 1 as token paths, and their probabilities
category    the kind of risk, read off an analysis
opinion     what the guard said of one case
diagnosis   where the failure lies, from scores with parts removed
diagnoser   asks for those scores
stream      texts as one stream: where it is cut, and how far a piece may reach
windows     a case beyond the guard's context becomes overlapping windows
worst       what was said of its windows becomes one opinion
modes       the ways to ask it: in full, by triage, or in a cascade of both
reuse       a verdict for identical content that was judged before
key         what verdicts are filed under
scorer      shown, asked, read: one verdict per triple, in order
store       the DuckDB file: one transaction a batch; it, store_*.py and queries.py are the only places with SQL
files       files that are whole or not there
turns       a fair lock, for those who write the file
store_rows  what is stored, as columns and rows
language    the language of a triple, read off question and answer
verdict_rows  verdicts as columns, and a row as a verdict
store_letters  dead letters in the database: found, taken out again, settled
reviews     votes of reviewers, and lines of files as votes
store_reviews  votes in the database, each once
reviewing/  deciding cases together: leases, votes that are cast or taken back, experts' decisions, outcomes
sampling/   which cases of a day reviewers see, and what of that is due
agreement/  how far reviewers agree with each other, and with the guard
review_cli  the command review
calibration  the curves that make a risk of a harm score, and which is meant for which verdict
reliability  how far predicted shares can be believed: log loss, Brier score, calibration error, diagram
fit         curves fitted to reviewed triples, judged on triples held out
calibrate   the reviewed triples of each group of verdicts, and what fitting them came to
store_calibrations  calibrations in the database; new verdicts get their risks by those in force
calibrate_cli  the command calibrate
migrate     brings a database file to this version's tables
blobs       the folder of original images, by content
pipeline    the audit loop: engine, scorer and what keeps the outcomes put together
seat        who judges in a process, and who takes over between two batches
ranges      what became of a range of a source partition, as it travels in a fleet
wire        judged ranges as messages, and back
outcomes    judged batches go to the topic of outcomes
spark       what an executor of Spark does with the rows of a task, and what the driver adds
spark_cli   the command spark
sink        judged ranges from that topic into the database, each offset once
store_sink  where the sink stands, and what waits
fleet_cli   the command worker
follow      the sink at work: waits out what passes, goes on from where the database stands
workers     local workers of the service, started and started again
service     how other commands find the process that owns a database, and who may ask it
questions   what they ask of it, and the shapes of that on the wire
answers     the smaller answers
owner       asks it, or opens the file where nobody has it
answering   answers, in the process that owns it
local_api   over HTTP, in `run`
child       a command in a process of its own, with caps on time and memory
telemetry   counters and gauges for Prometheus
stored_triples  a stored triple as it was when it was first judged
moves       which triples moved between two scorers, by how much
lag         how much live work there is before it, so that a backfill gives way
desk        where a backfill gets stored triples and hands in verdicts
store_backfill  the database file as such a desk
asked_desk  the desk of whoever owns the database at the moment
desk_answers  what that answers
estimate    what a backfill will cost, before it begins
backfill    stored triples judged once more
backfill_cli  the command backfill
backfill_console  what it shows
golden/     labelled cases and canaries that the guard is tried on, and what of that is an alarm
store_golden  runs over them in the database
golden_cli  the command golden
letters     dead letters read again with the configuration in force
letters_out  dead letters sent to files and topics, byte for byte
letters_cli  the command dead-letters
ledger      whether every offset is accounted for
queries     what reports ask of records and offsets, in one transaction
query_rows  the typed rows that they get
scope       which days, and whose, a report is about
queries_counts  judgments and levels by every name, and the escalated
queries_records  records by day, what is missing, a tenant's own
queries_cases  single triples with their history
queries_reviews  review work due and done, open cases
queries_degraded  verdicts on less than the whole exchange
queries_drift  scores in bins, now and before
queries_what_if  risks in bins by the calibration in force, and what was drawn and reviewed
queries_models  what judged since when
queries_layers  moderation in the log beside the audit
queries_operations  dead letters by reason
queries_reports  what reports were made with, and what could not be delivered
policies/   thresholds in versions; a verdict and thresholds become a level
access/     who may see and do what
evidence/   what proves that the record is whole
retention/  what is kept for how long, and what has to go
learning/   what training asks of the database, and what it keeps there
judged      the verdicts of a period with their levels, as one table
exports/    what is stored, in the forms that other tools read
rows        labelled rows
category_figures  how often a verdict has the category that its row carries
evaluate    scores them, and measures the guard on them
eval_cli    the command eval
roofline    the physical limit of judging on a device
bench       how fast the guard judges here, beside that limit
bench_load  made-up triples to measure with
bench_cli   the command bench
metrics     AUROC, F1 and what else is measured
console     what run and ledger show, and how they are asked to stop
errors      broken machinery
"""
