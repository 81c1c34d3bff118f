"""What assets are made of.

`stage`, `table_assets`, `parts`, `whole_container` and, for checks, `judged_partitions` are the shape that all share. Then, in
the order in which data pass: `discovery` of prefixes, the `spilled_listing` of their blobs and the `losses` in it, `reading/` of
images, `pairs/` of contents, `grouping/` into stars, `vectors/` of kept pictures, `publishing` of the report with its
`shown_groups` and what was `kept_apart`, and `organized_copies`. `exporting` is for other tools. What is known of contents
that left is `departed`. Beside them are the files that are told by `listing`, or `companions` of an image. `workers/` are the
processes in which work is done. `named_images` finds the image that a person means.
"""
