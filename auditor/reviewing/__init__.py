"""Deciding cases together: who has which case before them, who may vote, and what the votes come to.

A case is a triple, drawn for review or opened by search. All that is refused is refused here, in the transaction that
would keep it, whatever page or command asks.

outcome     what the votes on a case come to; pure
ballot      what a reviewer says of a case, and whether it says enough; pure
blind       from whom the guard's verdict is hidden, and until when others' votes are; pure
votes       what stands on a case, and who may vote on it or decide it; pure
store_votes  that, off the database
leases      the next case for a reviewer, kept for this one for some minutes
deciding    votes cast, taken back, and decided on by an expert
reads       who read what, noted in the audit trail
filters     which cases are meant
search      finds them, the newest first
whole_case  one case with all that was said of it, as far as the person may know it
case_history  what happened to it
similar     earlier cases like it, with what was decided of them
truths      what reviewed triples are, for whoever learns from them
"""
