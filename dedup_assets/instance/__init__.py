"""What `dagster.yaml` names: where Dagster keeps its records (`storage`), how it starts runs (`local_launcher`); and
what leaves those records in time (`records`)."""
