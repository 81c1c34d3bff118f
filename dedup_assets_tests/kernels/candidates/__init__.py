"""Tests of `kernels/candidates/`."""
