"""What the kinds of events are called where people read the audit trail."""

DEEDS = {
    "case.exported": "took a case out as a bundle",
    "case.read": "opened a case",
    "cases.searched": "searched cases",
    "checkpoint.signed": "signed where the trail stands",
    "delivery.failed": "could not send",
    "delivery.sent": "sent",
    "delivery.wanted": "asked to send again",
    "draw.made": "drew the night's cases",
    "export.made": "took data out",
    "gate.ruled": "held a candidate against the guard",
    "hold.placed": "kept cases from being deleted",
    "hold.released": "let go of kept cases",
    "job.run": "ran a job",
    "job.wanted": "asked to run a job",
    "login.failed": "failed to log in",
    "login.succeeded": "logged in",
    "logout": "logged out",
    "model.pointed": "mended which model serves",
    "model.promoted": "let a model serve",
    "model.proposed": "proposed a model",
    "model.rejected": "rejected a model",
    "model.rolled_back": "went back to the model before",
    "policy.approved": "approved a policy",
    "policy.proposed": "proposed a policy",
    "policy.rejected": "rejected a policy",
    "report.made": "made a report",
    "report.read": "read a report",
    "review.adjudicated": "decided a split case",
    "review.voted": "voted",
    "review.withdrawn": "took back a vote",
    "rows.adopted": "took up older rows",
    "rows.stored": "stored rows",
    "token.made": "made an API token",
    "token.revoked": "revoked an API token",
    "training.asked_people": "asked people for cases to learn from",
    "training.begun": "began a training",
    "training.ended": "ended a training",
    "training.locked": "kept cases from being learned",
    "user.added": "added a user",
    "user.changed": "changed a user",
}

OF_CASES = ("review.", "case.")  # what such an event is about is a case


def named(kind: str) -> str:
    """A kind in words; as it is where we have none."""
    return DEEDS.get(kind, kind)


def is_of_a_case(kind: str) -> bool:
    """Whether an event's subject is a case."""
    return kind.startswith(OF_CASES)
