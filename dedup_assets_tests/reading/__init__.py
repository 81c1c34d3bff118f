"""Reading images, as one row each and in great numbers."""
