"""Pure functions, arrays in and arrays out: hashing, search, colour, geometry, quality, grouping, descriptors.

OpenCV is held to one thread: several pictures are at work at once, and threads of its own would mostly wait, spinning.
"""

import cv2

cv2.setNumThreads(1)
