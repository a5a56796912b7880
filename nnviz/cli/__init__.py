"""The `nnviz` command."""
