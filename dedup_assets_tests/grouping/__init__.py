"""Tests of `grouping`."""
