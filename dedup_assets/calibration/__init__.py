"""Calibration: what each threshold finds and what it lets through, measured on a sample of a person's own images."""
