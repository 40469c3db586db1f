"""One training from reviewed cases to a candidate in the registry; killed at any moment, it goes on where it was.

order      what is to be trained, and from which model
folder     where a run has its files, one run at a time; nothing of it is left when it ends
state      what a run has come to, on disk
rows       labelled rows that are mixed in
begin      what it learns from: chosen, written, known to the database
tried_on   what the gate tries a candidate on
oracles    who rules in OGDPO
stages     the stages one after another
several    a stage on several processes
member     one of them
finish     erased meanwhile? the gate, the registry, the end
troubles   a full disk or too little memory, in words
train      all of it
looks      what a run would do, without doing it
told       what people read of it
"""
