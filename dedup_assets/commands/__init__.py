"""Commands of the terminal: one file a command, nothing but options and what a person is told."""
