"""The MSE over one weight and over two."""
