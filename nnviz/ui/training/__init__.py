"""The training panel, and what drives a run between two frames."""
