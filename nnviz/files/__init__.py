"""Formats in and out, and the one atomic writer. Knows nothing of Qt."""
