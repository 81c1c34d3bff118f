"""Tests of `resources/database/`."""
