"""`nnviz.watch`: a window of its own follows a training that runs in a script or a notebook. No Qt."""
