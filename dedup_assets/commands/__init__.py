"""Commands of the terminal: one file each, nothing but options and what a person is told."""
