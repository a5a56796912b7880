"""The open document: undo, training, autosave, and the walk (an animated iteration). Imports no QtWidgets."""
