"""Tests of `kernels/verify/`."""
