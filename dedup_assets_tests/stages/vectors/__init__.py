"""Tests of `stages/vectors/`."""
