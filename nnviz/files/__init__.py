"""Formats in and out, and one atomic writer. No Qt."""
