"""The history of the loss as a curve, the weights of a layer as an image, and what all plots share."""
