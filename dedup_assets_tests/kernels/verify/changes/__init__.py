"""Tests of `kernels/verify/clear/`."""
