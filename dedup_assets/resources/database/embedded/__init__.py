"""The PostgreSQL server out of a pip wheel, for those who have none.

`postgres` starts it with the `programs` of the wheel in the directory of `data`; `watcher` stops it when its last user has
ended; `folders` lists and removes the data of stores that are gone.
"""
