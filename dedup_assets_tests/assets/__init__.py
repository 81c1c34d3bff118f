"""Tests of the ten assets, one module each."""
