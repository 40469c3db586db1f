"""What people read.

escalations  a night's rows become an EscalationReport
render       EscalationReport to HTML
nightly      the job that writes the files
demo         the whole flow on the sample logs that ship with traceaudit
samples/     those sample logs
"""
