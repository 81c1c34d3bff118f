"""From a blob to a row of `image_features`; the threads and processes that do it."""
