"""The maths and the immutable State. It uses only NumPy."""
