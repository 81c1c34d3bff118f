"""Commands of the terminal beside `run`: one file a command, nothing but options and what a person is told."""
