"""The diagram on the screen.

Each term has one meaning:

=================== ===========================================================================
picture             the contents of the diagram as data: `nnviz.picture`
canvas, diagram     the widget that makes and shows the picture; the diagram adds mouse and keys
layers              two cached images of a frame: the edges; the nodes and texts above the edges
paint               functions that paint edges, nodes and texts one by one
walk_layer, callout paint the animated walk, and the box that describes the current step
painter             always Qt's own QPainter
=================== ===========================================================================
"""
