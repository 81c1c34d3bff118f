"""What people look at, from plain values to files; nothing here reads a table.

`plain_words` are the words, `summary` the figures of a run; `csv_file` writes every image, in the order of `sorted_runs`,
`data_set` what other tools read; `gallery_groups` is what the gallery is told, `gallery_pages` with `templates/` how it looks,
`gallery` which files there are. `plots` and `contact_sheet` are the pictures on materializations.
"""
