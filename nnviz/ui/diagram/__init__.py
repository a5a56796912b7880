"""The diagram on the screen.

One word stands for one thing:

=================== ===========================================================================
picture             what is seen, as data: `nnviz.picture`
canvas, diagram     the widget that makes the picture and shows it; the same with mouse and keys
layers              what a frame is painted of, and what is kept of it for the next
edge_lines          paints edges
paper, screen       paint nodes and texts: line by line, and from sprites for every frame
sprites             small images made once, and texts that are put together from them
walk_layer, callout paint what moves while the walk goes on, and what is said beside it
painter             always Qt's own QPainter
=================== ===========================================================================
"""
