"""What `dagster.yaml` names: where Dagster keeps its records (`storage`), and how it starts runs (`local_launcher`)."""
