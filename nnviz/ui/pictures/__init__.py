"""Every picture that leaves the window: of the diagram or of a plot, into a file or the clipboard."""
