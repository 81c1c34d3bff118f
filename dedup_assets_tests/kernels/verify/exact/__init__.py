"""Tests of `kernels/verify/exact/`."""
