"""The diagram as data: its contents, their places, and its SVG. This package does not use Qt."""
