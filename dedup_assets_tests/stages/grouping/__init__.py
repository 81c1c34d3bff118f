"""Tests of `stages/grouping/`."""
