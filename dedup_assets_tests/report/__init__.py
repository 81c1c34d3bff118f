"""Tests of `dedup_assets.report`, file for file."""
