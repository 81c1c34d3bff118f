"""Tests: the same tree as the package, test_ before each name."""
