"""Tests of `kernels/decode/`."""
