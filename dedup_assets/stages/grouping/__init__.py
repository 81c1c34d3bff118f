"""From verdicts to groups of the whole collection: stars around the kept image, and what people decided.

In the order in which data pass: `collected_images` are the nodes' images, `verdicts` the edges, with `applied_decisions` over
them and `crowd_verdicts` where edges would be too many; `content_graph` joins both, `keep_inputs` ranks, `groups` forms stars.
`star_verifier` verifies what only then comes up, and remembers it in `star_partitions`. `group_colours` tells how
well colours agree, `linked_names` brings in what is a name of another file. `decision_desk` notes decisions.
"""
