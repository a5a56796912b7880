"""Gradient descent: from flat buffers to a run with its history."""
