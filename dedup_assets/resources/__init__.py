"""The edges of the world by kind of thing, and what a run is given of them.

`collection` is the door: it names a source and a store (`locations`) and opens `images/` and `tables/`, by way of `azure/` where
they lie in a container. `database/` is PostgreSQL. `progress` tells how far a stage is, `redaction` keeps secrets out of logs.
"""
