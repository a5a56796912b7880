"""The dialog that makes rows by a formula, with pictures of them."""
