"""What a person would ask support about, looked at: `finding` is what each look ends in, `examining` the list of them.

From the outside in: `machine` (versions, disk), `memory` (limits too), `places` (settings, credentials, source, store, clock),
`services` (the database, Dagster's records, data folders), `contents` (tables, decisions, layout).
"""
