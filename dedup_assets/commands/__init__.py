"""Commands of the terminal beside `run`: one module a theme, nothing but options and what a person is told."""
