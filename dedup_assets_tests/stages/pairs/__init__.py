"""Tests of `stages/pairs/`."""
