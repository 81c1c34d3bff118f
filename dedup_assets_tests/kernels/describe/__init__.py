"""Tests of `kernels/describe/`."""
