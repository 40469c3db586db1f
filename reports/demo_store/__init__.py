"""A store of four weeks, made by a script: what reports and what-if show when there is more than one night.

scenes/     what is said, one TOML file for each tenant: templates with slots
scenes      those as exchanges; which are harmful is known
labelled    rows of a folder of labelled data, where there is one, as further exchanges
forms       an exchange in the form of a log: bytes, as a topic would carry them
calendar    which exchange is logged when: weekdays and nights, an incident, a drift, an outage, broken records
people      what reviewers say of a case whose truth is known, with their errors
topics      a day's records as a source that an audit reads
audits      two wordings of the guard's prompt, one after the other, over the days
nights      what happens between the days: reviews, calibration, the golden set
governance  policies/: one that two people agreed on, and one that waits
alerts      of the day of the incident: one that arrived, and one that did not
build       all of it in order: `python -m reports.demo_store`, or `make demo-store`

The contents are ours, or labelled rows; everything behind the bytes is the real code. The timing is synthetic, and each
run in the store says so.
"""
