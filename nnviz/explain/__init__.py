"""Explanations of numbers, as arithmetic that can be redone by hand."""
