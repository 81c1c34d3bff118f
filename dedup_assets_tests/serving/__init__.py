"""What answers over HTTP, asked as browsers, other pages and stalled clients ask."""
