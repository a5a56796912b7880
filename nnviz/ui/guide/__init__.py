"""A guide through the window: small cards, one at a time, each beside the thing that it speaks of."""
