"""The open document: undo, training, the walk and autosave. Imports QtCore and QtGui only."""
