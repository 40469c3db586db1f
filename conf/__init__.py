"""Values, beside the types that read them.

schema      Config and its sections: types, ranges, units; load(files, overrides) -> Config
errors      what can be wrong with a configuration
default.toml  every knob once, with what it trades
"""
