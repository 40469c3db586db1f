"""What is stored, in the forms that other tools read: `traceaudit export KIND`.

EXPORTS       the kinds, each with the function that takes the rest of the command line
exported      one judged triple with its texts, images and votes; what is left out where no texts are to go
queries       those triples, one after the other, by SQL
label_studio  tasks with predictions, and the labelling configuration that fits them
argilla       a dataset as `rg.Dataset.from_disk` reads it
langfuse      scores
phoenix       annotations of spans
files         written as they come, whole or not at all
answers       the files of a kind, written by whoever owns the database
cli           the command

Unless told otherwise these files hold the texts of logs, since somebody is to read them there; `--no-text` leaves them
out.
"""

EXPORTS = {
    "case": ("auditor.evidence.export_cli:case", "the evidence on one case, signed, in one file that proves itself"),
    "label-studio": ("auditor.exports.cli:label_studio", "tasks for Label Studio, with its labelling configuration"),
    "argilla": ("auditor.exports.cli:argilla", "a dataset for Argilla"),
    "langfuse": ("auditor.exports.cli:langfuse", "verdicts and votes as scores of Langfuse's traces"),
    "phoenix": ("auditor.exports.cli:phoenix", "verdicts and votes as annotations of Phoenix's spans"),
}
