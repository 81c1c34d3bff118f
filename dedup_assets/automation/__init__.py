"""What starts runs: by night, on new prefixes, and from the command line.

`prefixes` tells Dagster what the source holds, `nightly` runs the job over it by schedule and sensor, `running` does the same
in this process for the command line, unless `unchanged` tells that there is nothing to do, and `interrupting` ends it there by
Ctrl-C. What left the source a person can have forgotten between them (`forgetting`).
"""
