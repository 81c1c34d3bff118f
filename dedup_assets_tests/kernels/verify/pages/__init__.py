"""Finer records of pages: laid upon each other, and read for what differs."""
