"""Tests of `pairs`."""
