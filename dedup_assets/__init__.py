"""Find and organize duplicate images in containers of millions, night after night."""
