"""Tests of the kernels, file for file."""
