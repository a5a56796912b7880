"""The open document: undo, training, autosave, and the walk (one iteration step by step).

This package does not import QtWidgets.
"""
