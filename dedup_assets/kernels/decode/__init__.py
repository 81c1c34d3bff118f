"""From the bytes of a file to one upright sRGB picture, or to the reason why not."""
