"""The clear cases, for a tenth of what the exact tests cost.

Read `cases`, the margins by which a case is clear: under a known map or one that `signatures` agree on, two `frames` are compared
in the compiled loops of `frame_passes`.
"""
