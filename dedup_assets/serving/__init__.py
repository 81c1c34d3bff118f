"""What answers over HTTP shares: `guard` lets in only its own pages, `listening` waits for nobody for ever.

`dagster_ui` starts Dagster's UI, whose web server is then `guarded_webserver`.
"""
