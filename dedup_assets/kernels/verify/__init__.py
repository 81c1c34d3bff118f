"""Whether two pictures are the same: tests from cheap to dear, and the evidence that they leave.

Read `cascade`, the order of the tests: what is clear on small frames or from signatures is decided in `clear/`, what is left by
the tests in `exact/`; of what agrees, `changes/` looks for the one thing that only one shows, and `pages/` looks at pages and
signs once more. `evidence` has what goes in and what comes out, `thresholds` the numbers that decide. A map between the two is
known (`maps`), or found from local features, which are kept for as long as the picture (`stored_features`). `films` compares the
further frames and pages of two files, `grounds` lays what is transparent on the ground of the other.
"""
