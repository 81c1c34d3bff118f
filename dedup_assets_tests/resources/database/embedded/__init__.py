"""Tests of `resources/database/embedded/`."""
