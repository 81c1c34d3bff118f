"""What keeps two pictures apart that agree otherwise: a thing, or a part of the scene, that only one shows.

Read `judging`, then `comparing`: two frames are laid upon each other to a fraction of a pixel (`laying`) and brought to one tone
(`tones`), unless they agree as they first lie; what then differs strongly is looked at on thumbnails, and told from marks laid
upon one of the two (`marks`). Before all that `panning` asks whether the two look past each other.
"""
