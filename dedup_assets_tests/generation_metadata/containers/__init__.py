"""Tests of the same part of dedup_assets."""
