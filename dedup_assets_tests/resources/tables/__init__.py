"""Tests of `resources/tables/`."""
