"""Whatever a name from a file looks like, it is shown as plain text: nothing is rendered or loaded."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QTabBar,
    QToolTip,
    QWidget,
)

import nnviz
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, WeightSet
from nnviz.document.document import Document
from nnviz.ui.loss.panel import LossCaption
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import fill
from tests.ui.hands import address_named, choose, choose_entry, click
from tests.ui.sees import status

MAGENTA = QColor(255, 0, 255)
MAKES_HTML = re.compile(
    r"setHtml|insertHtml|setMarkdown|RichText|MarkdownText|AutoText|StaticText|setTextFormat"
)
MAY_MAKE_HTML = {"ui/explain/browser.py", "ui/explain/page.py", "ui/window/help.py"}


@pytest.fixture
def hostile(tmp_path):
    """A State whose every text is HTML that shows a local picture."""
    picture = QImage(40, 40, QImage.Format.Format_RGB32)
    picture.fill(MAGENTA)
    assert picture.save(str(tmp_path / "x.png"))

    def text(name):
        return f'<img src="file://{tmp_path}/x.png"><b>{name}</b> & [*] &amp;'

    hidden = Layer((text("h0"), text("h1")), "relu", [[2, 4], [4, -5]])
    network = Network((text("x0"), text("x1")), (hidden, Layer((text("y"),), "identity", [[2, 7]])))
    return State(
        network,
        Dataset([[3, 5], [1, 2]], [[60], [1]]),
        name=text("title"),
        notes=text("notes"),
        weight_sets=(WeightSet.of(text("set"), network),),
    )


@pytest.fixture
def window(qtbot, settings, hostile, tmp_path):
    """A window on that State, from a file whose name is HTML too."""
    document = Document(hostile)
    document.save(tmp_path / "<b>file & x.json")
    window = fill(MainWindow(settings), document, settings)
    window.main_window.resize(1280, 800)
    window.main_window.show()
    qtbot.waitExposed(window.main_window)
    qtbot.waitUntil(lambda: window.plots.mse.curve is not None)
    yield window
    window.document.mark_unsaved()
    window.main_window.hide()
    window.main_window.deleteLater()
    QApplication.processEvents()


def is_rendered(widget):
    """Tell whether a widget shows the picture."""
    picture = widget.grab().toImage()
    sample = picture.scaled(picture.width() // 8, picture.height() // 8)  # the picture is 40 pixels wide
    return any(
        sample.pixelColor(x, y) == MAGENTA for y in range(sample.height()) for x in range(sample.width())
    )


def rendered(widget):
    """Return what of a widget and what is in it would be rendered as HTML, or shows the picture."""
    labels = [own for own in (widget, *widget.findChildren(QLabel)) if isinstance(own, QLabel)]
    for label in labels:
        label.ensurePolished()
    plain = Qt.TextFormat.PlainText
    found = [own.text() for own in labels if own.textFormat() != plain and not isinstance(own, LossCaption)]
    return [*found, widget] if is_rendered(widget) else found


def tip_at(widget, place):
    """Return the tooltip that comes where the mouse rests at `place`, or None."""
    QToolTip.hideText()
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, place, widget.mapToGlobal(place)))
    shown = [own for own in QApplication.topLevelWidgets() if own.inherits("QTipLabel") and own.isVisible()]
    return shown[-1] if shown and QToolTip.text() else None


def test_the_test_would_see_a_picture(hostile, qtbot):
    label = QLabel(hostile.name)
    qtbot.addWidget(label)
    label.ensurePolished()
    label.setTextFormat(Qt.TextFormat.RichText)
    assert is_rendered(label)


def test_no_text_in_the_window_is_rendered(window):
    click(window, address_named(window, window.document.state.network.outputs[0]))
    for bar in window.main_window.findChildren(QTabBar):
        for k in range(bar.count()):
            bar.setCurrentIndex(k)
            QApplication.processEvents()
            assert rendered(window.main_window) == []
    QTest.keySequence(window.main_window, "Ctrl+F")
    QTest.keyClicks(window.finder.field, "h")
    QApplication.processEvents()
    assert rendered(window.main_window) == []


def test_no_tooltip_is_rendered(window):
    told = 0
    for widget in window.main_window.findChildren(QWidget):
        if not widget.isVisible():
            continue
        steps = max(widget.width() // 12, 20), max(widget.height() // 12, 20)
        for x in range(2, widget.width(), steps[0]):
            for y in range(2, widget.height(), steps[1]):
                if tip := tip_at(widget, QPoint(x, y)):
                    assert rendered(tip) == []
                    told += "<b>" in QToolTip.text()
    QToolTip.hideText()
    assert told > 5, "no name was told of"


def menus(menu):
    """Yield a menu, filled, and all that are in it."""
    menu.aboutToShow.emit()
    yield menu
    for action in menu.actions():
        if action.menu():
            yield from menus(action.menu())


def test_a_name_in_a_menu_keeps_its_signs(window):
    window.document.push(replace(window.document.state, name="x"), f"Set {window.document.state.name}")
    window.files.fill_recent(QMenu(window.main_window))
    named = 0
    for action in window.main_window.menuBar().actions():
        for menu in menus(action.menu()):
            assert rendered(menu) == []
            for entry in menu.actions():
                named += "<b>" in entry.text()
                text = re.sub("&(.)", r"\1", entry.text())
                assert "<b>" not in text or ("</b> & [*] &amp;" in text or "…" in text), entry.text()
    assert named >= 3


def test_the_title_shows_a_name_as_it_is(window):
    name = window.document.state.name
    assert window.main_window.windowHandle().title() == f"{name} — nnviz"
    window.document.mark_unsaved()
    assert window.main_window.windowHandle().title() == f"{name}* — nnviz"


def test_no_box_is_rendered(window, answer, tmp_path):
    window.document.push(replace(window.document.state, notes="other"), "other notes")
    rows = tmp_path / "<b>rows.csv"
    rows.write_text(f"{window.document.state.name.replace(',', '')},x\n1,2\n")

    found = []

    def look(close):
        return lambda box: (found.extend(rendered(box)), close(box))

    answer(QMessageBox, look(choose("Cancel")))
    assert not window.files.may_leave()
    answer(QMessageBox, look(choose("OK")))
    window.files.load_rows(rows)
    assert "<b>rows.csv" in status(window)
    answer(QMessageBox, look(choose("OK")))
    choose_entry(window, "About nnviz")
    answer(QDialog, look(QDialog.reject))
    choose_entry(window, "Keys and mouse")
    assert found == []


def test_only_where_names_are_escaped_is_html_made():
    package = Path(nnviz.__file__).parent
    makers = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if MAKES_HTML.search(file.read_text("utf-8"))
    }
    assert makers == MAY_MAKE_HTML
