"""Judges that say what the guard should say of a case, in the guard's own form.

prompt      what they are asked: versioned, and known by its hash
judge       what a judge promises
showing     a case as a judge is shown it
endpoint    a judge behind an OpenAI-compatible vision endpoint
local       a judge that is a checkpoint on this machine
judges      those that are configured
annotate    stored cases go to a judge, and what it says is kept
cli         the command annotate
"""
