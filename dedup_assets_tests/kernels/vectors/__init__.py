"""Tests of `kernels/vectors/`."""
