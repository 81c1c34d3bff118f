"""What keeps two pictures apart that agree otherwise: a thing that only one of them shows.

Read `judging`, then `comparing`: two frames are laid upon each other to a fraction of a pixel (`laying`) and brought to one tone
(`tones`), unless they agree as they first lie; what then differs strongly is looked at on thumbnails, and told from marks laid
upon one of the two (`marks`).
"""
