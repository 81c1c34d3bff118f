"""From verdicts on pairs to groups: stars, crowds, and what people said."""
