"""File formats, tables, generated programs, and the safe reading and writing of files. No import of Qt."""
