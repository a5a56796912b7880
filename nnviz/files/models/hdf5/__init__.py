"""HDF5, read in a process of its own: `reading` starts it, the others run there. Knows nothing of models."""
