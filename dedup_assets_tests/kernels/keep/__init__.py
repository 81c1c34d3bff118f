"""Tests of `kernels/keep/`."""
