"""All cores: how stages have their work done by processes.

A stage hands out slices by a function of a module and an order, which says how a process opens what it needs (`engine`); the
results come back in order, and the stage alone writes. `processes` are started, bounded and replaced; each is forked from one that
has loaded what all need (`preloaded`). `memory` counts that of all of them. Nothing here knows images or tables.
"""
