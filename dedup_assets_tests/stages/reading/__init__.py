"""Tests of `stages/reading/`."""
