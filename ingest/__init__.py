"""Log bytes in, QTA triples out; in the order of the flow.

qta           the types that flow: Record, QTATriple, ImageBlob, Outcome, Batch
source        the Source protocol; what a SOURCE on the command line names
files         a file becomes the values of its records: lines, JSON values, Parquet rows
json_values   JSON text becomes its top-level values, without holding it whole
replay        files and folders as a source
stdin         standard input as a source
topics        what a kafka:// SOURCE names, and where reading a partition begins
kafka_client  how topics are connected to
kafka         topics as a source
kafka_group   topics whose partitions a consumer group shares out
spark_options our settings as Spark's Kafka source takes them
spark_ranges  which offsets a micro-batch of Spark covers
spark_rows    the rows of a Spark task as a source
dead_letters  a record that cannot be read, as it is kept and as it goes to a topic
outlet        a topic that messages are written to, each acknowledged
normalize     a record's bytes become triples or a rejection; the only caller of FORMATS
assembly      keeps the parts of interactions that are spread over records, and joins them
unwrap        envelopes are opened one in another; arrays and JSON lines are taken apart
envelopes/    one kind of envelope per file; the table ENVELOPES
payload       bytes become JSON, or the reason why they cannot
compression   compressed values are unpacked, never further than allowed
registry      the schema registry, asked over its REST API
avro          Avro bytes and their schema become JSON
pins          what is known beforehand of a topic's records
mapping       a mapping file makes a house format readable, without code
unknown       what a record of no known format looks like
archive       a zip of JSON becomes one JSON value
formats/      one log format per file; the table FORMATS
exchange      what a format's parser gives: messages and their parts, provider-neutral
steps         calls of one trace that repeat each other's history become one exchange for each turn
following     which call goes on from which
timeline      what several logs tell of one turn, each part once
turns         messages become turns: one human message up to the final answer
thinking      tells thinking from answer, and raw thinking from a summary
images/       an image is checked, decoded in a process of its own, hashed and shrunk
metadata      an image without EXIF, comments and text, bit for bit the same picture
user_key      the key that makes pseudonyms of users
visible       hidden characters made visible
masking       personal data out of a triple
recognizers   what personal data looks like
privacy       the key and the masks, as configured
identity      triple ids and pseudonyms of users
pairing       which result of a tool belongs to which call
triples       a turn becomes a QTATriple
engines/      the loop: read, normalize, hand over, advance
doctor        the dry run
causes        what usually stands behind what the doctor finds
doctor_table  its summary for people
errors        broken machinery
"""
