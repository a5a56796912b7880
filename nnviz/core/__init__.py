"""The maths and the frozen State. NumPy only."""
