"""Tests of the whole line, from a source to a report."""
