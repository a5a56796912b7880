"""What a person sees of the window, for the tests: figures, texts on the diagram, the status line, menus."""

from PySide6.QtWidgets import QTextBrowser

from nnviz.ui.training.figures import Figure


def figure(window, caption):
    """Return the large number under `caption`: "MSE", "Iteration", "Row's error"."""
    figures = window.main_window.findChildren(Figure)
    return next(own for own in figures if own.accessibleName().startswith(caption))


def written(window, address):
    """Return the text that stands at `address` on the diagram; "" where there is none."""
    return window.diagram.picture.text(address)


def place(window, address):
    """Return where on the diagram `address` stands; None where it is not in sight."""
    return window.diagram.picture.place(address)


def status(window):
    """Return what the status line says."""
    return window.status.text


def explained(window):
    """Return the explanation without the signs that only say where its lines may break."""
    text = window.explain.findChild(QTextBrowser).toPlainText()
    return text.replace("\u200b", "").replace("\u00a0", " ")


def walking(window):
    """Tell whether a walk is on the diagram."""
    return window.player.progress.active


def offered(window, title):
    """Return the entry of the menus that says `title`; undo and redo go on with what they take back."""
    found = _entry(window.main_window.menuBar(), title)
    assert found is not None, f"no menu offers {title!r}"
    return found


def _entry(menu, title):
    for action in menu.actions():
        text = action.text().replace("&", "")
        if text == title or (title in ("Undo", "Redo") and text.startswith(title)):
            return action
        if action.menu() and (found := _entry(action.menu(), title)):
            return found
    return None
