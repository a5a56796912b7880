"""Explanations of a network's numbers, as arithmetic that a reader can check by hand."""
