"""Pairs of contents across all partitions: which may be duplicates, and the evidence on each.

In the order in which data pass: `contents` are distinct bytes, `hashed_contents` their hashes and classes; `candidate_index`
proposes pairs by hash, `recipe_pairs` by recipe, `candidate_search` asks both for what is new; `class_links` tells who is near
whom of all; `verifier` has pairs looked at, a slice at a time as `evidence_rows`, with the local features that `feature_rows`
keeps, and `candidate_verdicts` keeps what it says of a partition's.
"""
