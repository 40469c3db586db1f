"""What is kept for how long, what must be kept, and what has to go, from everything that the system owns.

periods      for each class and tenant, before when it has outlived its period
holds        what is held outlives its period, and is not erased
subjects     whose cases are meant, and the digest by which a subject is known once its name is gone
cases        all rows on some triples, in whatever table
marks        by what the bytes of a record are known to hold something of a case
records      those bytes: of dead letters, of messages that could not be read, of ranges that wait
erase        a subject is gone from the tables
kept_out     what was erased does not come back when a log is read once more
expire       what has outlived its period goes
expire_raw   the bytes of records that have
blobs        files in the blob store that nothing needs any more
files        files that commands wrote, and whether they show a case
rewriting    the database file written anew, so that nothing of what was deleted is left in its free blocks
opening      the database opened by who keeps it open, written anew first where that is still to be done
cli          the commands retention and erase
"""
