"""HDF5, read in a process of its own: `reading` starts it, the others run there. Knows nothing of models."""

LENGTH_BYTES = 8
"""With so many its reply says how long the head is."""
