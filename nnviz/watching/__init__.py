"""`nnviz.show` and `nnviz.watch`: windows that a script or notebook opens. Imports no Qt."""
