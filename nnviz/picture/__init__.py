"""The diagram as data: what is shown, where, and its SVG. Knows nothing of Qt."""
