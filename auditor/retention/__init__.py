"""What is kept for how long, what must be kept, and what has to go, from everything that the system owns.

subjects     whose cases are meant, and the digest by which a subject is known once its name is gone
kept_out     what was erased does not come back when a log is read once more
rewriting    the database file written anew, so that nothing of what was deleted is left in its free blocks
"""
