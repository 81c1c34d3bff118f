"""Images at their source.

`source` says what every source can do; `opening` finds out of which kind it is, `folder` and `container` do it;
`folder_copies` and `container_copies` make the organized copy. Which names may be images (`image_names`), what listing leaves
out (`left_out`, `own_output`), how names become text (`file_names`), how fast a source is asked (`throttle`).
"""
