"""Tests of `vectors`."""
