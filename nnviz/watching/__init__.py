"""`nnviz.watch`: a window that follows a training in a script or notebook. Imports no Qt."""
