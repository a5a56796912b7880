"""What Keras saves: `archive` (.keras), `h5` and `architecture` are the formats, the others parts of them."""
