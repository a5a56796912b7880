"""The diagram widget: paints the picture, edits in place, plays the walk."""
