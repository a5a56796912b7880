"""The MSE history and the weights of a layer as an image."""
