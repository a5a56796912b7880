"""Training of what is open."""
