"""From verdicts to groups of the whole collection: stars around the kept image, and what people decided."""
