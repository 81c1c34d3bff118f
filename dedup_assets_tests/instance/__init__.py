"""Tests of what `dagster.yaml` names, file for file."""
