"""Tests of dedup_assets.embedders."""
