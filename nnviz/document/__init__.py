"""What is open: the State, its undo stack, load and save. QtCore and QtGui only."""
