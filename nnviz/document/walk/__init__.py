"""The walk through one step of learning: its steps, and what plays them."""
