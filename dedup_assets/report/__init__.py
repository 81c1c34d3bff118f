"""What people look at: the CSV report, the gallery, plots, contact sheets and the summary in words."""
