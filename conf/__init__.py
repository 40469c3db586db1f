"""Values, beside the types that read them.

schema      Config and its sections: types, ranges, units; load(files, overrides) -> Config
delivery    where reports and alerts are sent
learning    judges that annotate, and what a guard may be trained on
retention   how long what is stored is kept
errors      what can be wrong with a configuration
jars        the jars that a pom.xml names, fetched once
default.toml  every knob once, with what it trades
train       recipes of training
"""
