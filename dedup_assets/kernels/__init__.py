"""Pure functions, arrays in and arrays out: the science, by step, in the order in which a picture passes.

* `decode`: from bytes to the picture that a person sees, or to the reason why not
* `describe`: what one picture tells by itself: hashes, colours, borders, quality, local features
* `candidates`: which pictures might show the same, by their hashes alone
* `verify`: whether two of them do, and the evidence
* `keep`: which image of those that show the same is kept, and why
* `group`: groups around the kept images
* `vectors`: descriptors and their nearest neighbours, for heavy edits that no hash finds; `verify` judges these too

Several rooms share `transforms.py` (turning and mirroring), `members.py` (rows by label) and `compiled.py` (loops over pixels);
by `planted_edits.py` and `planted_files.py`, of the kinds of `planted_kinds.py`, all of it is measured.

OpenCV is held to one thread: several pictures are at work at once, and threads of its own would mostly wait, spinning.
"""

import cv2

cv2.setNumThreads(1)
