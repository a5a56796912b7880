"""The code panel."""
