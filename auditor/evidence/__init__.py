"""What proves that the record is whole, and says who did what.

events        the audit trail: events that are chained by their hashes
store_leaves  the leaf of a row: a hash over all that it says
digest        one digest over many leaves
store_seals   rows get their leaves as they are stored, and an event commits to them in the same transaction
keys          the key that signs, and its public half
checkpoints   the head of the trail, signed
store_checkpoints  those in the database, and their lines outside it
findings      what verification finds
verify        whether all is as it was written
queries_verify  what that asks of the database
queries_events  the trail, as people ask for it
bundle        the evidence on one case as one file that proves itself: what it holds
trail         the part of the trail in it
queries_case  the rows on a case, and what commits to them
case          puts it together
check_bundle  whether one is what was exported
export_cli    the command export
answers       what these commands ask of whoever owns the database
verify_cli    the commands verify and events
"""
