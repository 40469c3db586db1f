"""Log bytes in, QTA triples out.

qta         the types that flow: Record, QTATriple, ImageBlob, Outcome, Batch
exchange    what a format's parser gives: messages and their parts, provider-neutral
formats/    one log format per file; the table FORMATS
thinking    tells thinking from answer, and raw thinking from a summary
images      checks, hashes and shrinks an image
normalize   a record's bytes become triples or a rejection; the only caller of FORMATS
source      the Source protocol; what a SOURCE on the command line names
files       a file becomes the values of its records: lines, JSON values, Parquet rows
json_values  JSON text becomes its top-level values, without holding it whole
replay      files and folders as a source
stdin       standard input as a source
topics      what a kafka:// SOURCE names, and where reading a partition begins
kafka       topics as a source
engines/    the loop: read, normalize, hand over, advance
doctor      the dry run
errors      broken machinery
"""
