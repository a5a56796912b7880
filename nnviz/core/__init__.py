"""The mathematics of networks and the immutable State. This package uses only NumPy."""
