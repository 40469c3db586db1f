"""Sample logs, written by this project: three tenants, every format and kind of thinking, some broken records.

logs/         what the demo audits, one folder for each tenant
cases/        what is said in them, one TOML table for each exchange
reviews.jsonl  what made-up people say of these exchanges: agreed, at odds, decided by an expert, with what the guard
             should have said; `about` in each line is for who reads the file
cases_file    those tables as types
pictures      the images, drawn; and the ways in which a log loses an image
openai_chat anthropic_messages otel_genai rows   a case in the form of one log format; each has a table SHAPES
broken        records that cannot be audited
make_samples  cases/ -> logs/: `python -m reports.samples.make_samples`
"""
