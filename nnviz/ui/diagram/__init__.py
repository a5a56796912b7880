"""The diagram on the screen.

Each term has one meaning:

=================== ===========================================================================
picture             the contents of the diagram as data: `nnviz.picture`
canvas, diagram     the widget that makes and shows the picture; the diagram adds mouse and keys
layers              the parts of a frame in the order of painting, and their caches
paint               functions that paint edges, nodes and texts one by one
screen              an object that paints nodes and texts from sprites, for every frame
sprites             small cached images: the screen composes texts from them
walk_layer, callout paint the animated walk, and the box that describes the current step
painter             always Qt's own QPainter
=================== ===========================================================================
"""
