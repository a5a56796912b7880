"""Widgets, dialogs, settings and theme that several parts of the window use."""
