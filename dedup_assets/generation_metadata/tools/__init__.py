"""One parser a generating tool: `detect` its carriers, `parse` them into `GenerationParameters`."""
