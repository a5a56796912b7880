"""Where a number comes from, as arithmetic that can be redone by hand."""
