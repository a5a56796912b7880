"""Tables of other people: read with all that can be found out about them, made rows of, and written."""
