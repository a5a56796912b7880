"""What the course writes in Python: `dictionary` is the format, the others read it. No code is run."""
