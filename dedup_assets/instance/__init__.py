"""What `dagster.yaml` names: where Dagster keeps its records, and how it starts runs."""
