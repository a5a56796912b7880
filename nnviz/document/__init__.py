"""What is open and what goes on with it: undo, training, the walk. QtCore and QtGui only."""
