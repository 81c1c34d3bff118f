"""Looks at machines, places, services and stores that are well, and that are not."""
