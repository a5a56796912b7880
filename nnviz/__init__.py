"""nnviz: see a small neural network compute, touch its weights, watch it learn."""
