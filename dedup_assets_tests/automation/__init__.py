"""Tests of jobs, schedule and sensor, file for file."""
