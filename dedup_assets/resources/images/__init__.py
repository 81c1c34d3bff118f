"""Images at their source, in a folder or a container: listing, reading, copying."""
