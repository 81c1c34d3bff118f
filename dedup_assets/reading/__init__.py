"""From blobs to rows of `image_features`: what one image's row says, and the threads and processes that read many."""
