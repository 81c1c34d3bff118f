"""Which image of a group is kept, and why."""
