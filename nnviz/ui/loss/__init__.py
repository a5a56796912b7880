"""The loss over one weight and over two."""
