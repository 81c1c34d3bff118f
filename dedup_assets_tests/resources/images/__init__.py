"""Tests of `resources/images/`."""
