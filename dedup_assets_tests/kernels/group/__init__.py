"""Tests of `kernels/group/`."""
