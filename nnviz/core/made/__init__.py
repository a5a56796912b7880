"""Rows that are made by a formula, to try networks on. Knows nothing of files and of Qt."""
