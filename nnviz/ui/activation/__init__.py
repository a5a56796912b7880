"""The activation of a node as a curve."""
