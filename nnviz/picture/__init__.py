"""The diagram as data: its contents, the places of its parts, and its SVG. This package does not use Qt."""
