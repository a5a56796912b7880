"""The About box."""

from __future__ import annotations

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QMessageBox, QWidget


def about(parent: QWidget) -> None:
    """Show what nnviz is, its version, and what it is built on."""
    import numpy as np

    from nnviz import __version__  # looks into the installed packages, which takes long

    QMessageBox.about(
        parent,
        "About nnviz",
        f"<h3>nnviz {__version__}</h3>"
        "<p>See a small neural network compute, touch its weights, watch it learn.</p>"
        "<p>Every number is float64 and can be redone by hand. The loss is the MSE, the mean of error² over "
        "rows and outputs; a slope is ∂MSE/∂w.</p>"
        f"<p>Qt {qVersion()}, NumPy {np.__version__}. MIT License.</p>",
    )
