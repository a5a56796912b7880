"""A table of somebody's own: what its columns hold, and what is made of them."""
