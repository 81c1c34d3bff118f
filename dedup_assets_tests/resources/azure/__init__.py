"""Tests of `resources/azure/`."""
