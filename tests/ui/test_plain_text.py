"""Whatever a name from a file looks like, it is shown as plain text: nothing is rendered or loaded."""

import re
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QEventLoop, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QProgressDialog,
    QTableWidget,
    QToolTip,
    QWidget,
)

import nnviz
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, WeightSet
from nnviz.document.document import Document
from nnviz.document.leftovers import claimed
from nnviz.files.on_disk import OnDisk
from nnviz.files.progress import CancelledError
from nnviz.files.snapshot import About, parts, sealed
from nnviz.ui.made.dialog import MakeRows
from nnviz.ui.plots.pages import Caption
from nnviz.ui.widgets.waiting import Waiting
from nnviz.ui.window.ask_activations import AskActivations
from nnviz.ui.window.ask_whose import ask_whose
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.make_rows import make_rows
from nnviz.ui.window.new_network import NewNetwork
from nnviz.ui.window.recover import RecoverDialog
from nnviz.ui.window.session import fill
from nnviz.ui.window.unexpected import Unexpected
from tests.ui.clipped import walk_panels
from tests.ui.hands import address_named, choose_entry, click
from tests.ui.sees import menus, offered, status

MAGENTA = QColor(255, 0, 255)
MAKES_HTML = re.compile(
    r"setHtml|insertHtml|setMarkdown|RichText|MarkdownText|AutoText|StaticText|setTextFormat"
)
MAY_MAKE_HTML = {"ui/explain/browser.py", "ui/explain/page.py", "ui/help/help_window.py"}


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
    qtbot.waitUntil(lambda: window.history.curve is not None)
    yield window
    window.document.mark_unsaved()
    window.main_window.hide()
    window.main_window.deleteLater()
    QApplication.processEvents()


def is_rendered(widget):
    """Tell whether a widget shows the picture."""
    picture = widget.grab().toImage()
    sample = picture.scaled(picture.width() // 8, picture.height() // 8)  # the picture is 40 pixels wide
    pixels = np.array(sample.convertToFormat(QImage.Format.Format_RGB32).constBits()).view(np.uint32)
    return bool((pixels == MAGENTA.rgb()).any())


def rendered(widget):
    """Return what of a widget and what is in it would be rendered as HTML, or shows the picture."""
    labels = [own for own in (widget, *widget.findChildren(QLabel)) if isinstance(own, QLabel)]
    for label in labels:
        label.ensurePolished()
    plain = Qt.TextFormat.PlainText
    found = [own.text() for own in labels if own.textFormat() != plain and not isinstance(own, Caption)]
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


def test_no_text_no_tooltip_and_no_menu_of_the_window_is_rendered(window):
    click(window, address_named(window, window.document.state.network.outputs[0]))
    for _ in walk_panels(window):
        assert rendered(window.main_window) == []
    seen = set()
    for widget in window.main_window.findChildren(QWidget):
        if not widget.isVisible():
            continue
        steps = max(widget.width() // 8, 24), max(widget.height() // 8, 24)
        for x, y in product(range(2, widget.width(), steps[0]), range(2, widget.height(), steps[1])):
            tip = tip_at(widget, QPoint(x, y))
            if tip and QToolTip.text() not in seen:
                assert rendered(tip) == []
                seen.add(QToolTip.text())
    name = window.document.state.network.inputs[0]
    x, y = window.diagram.picture.place(address_named(window, name)).center
    tip_at(window.diagram, QPoint(round(x), round(y)))
    assert "<b>" in name
    assert QToolTip.text().startswith(f"{name} = ")
    QToolTip.hideText()
    assert sum("<b>" in text for text in seen) > 5, "no name was told of"
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
    QTest.keySequence(window.main_window, "Ctrl+F")
    QTest.keyClicks(window.finder.field, "h")
    QApplication.processEvents()
    assert rendered(window.main_window) == []


def test_the_title_shows_a_name_as_it_is_and_writes_out_what_would_turn_it_around(window):
    name = f"{window.document.state.name} — {window.document.path.name}"
    assert window.main_window.windowHandle().title() == f"{name} — nnviz"
    window.document.mark_unsaved()
    assert window.main_window.windowHandle().title() == f"{name}* — nnviz"
    window.document.push(replace(window.document.state, name="a\u202eb"), "a name")
    assert window.main_window.windowTitle().startswith(r"a\u202eb")


def leave(window, folder):
    assert not window.files.may_leave()


def refuse(window, folder):
    rows = folder / "<b>rows.csv"
    rows.write_text("1,2\n3\n")
    window.files.tables.load(rows)
    assert "<b>rows.csv" in status(window)


def leave_out(window, folder):
    window.document.file = OnDisk(folder / "<b>a & b.py", set())
    choose_entry(window, "Save")


def ask_recover(window, folder):
    state = window.document.state
    about = About(state.name, f"<b>{state.name}", None, b"")
    (folder / "a.copy").write_bytes(b"".join(sealed(parts(state, about))))
    left, _ = claimed(folder)
    RecoverDialog(window.main_window, left).exec()
    left[0].discard()


def ask_theirs(window, folder):
    ask_whose(window.main_window, window.document.state.name)


def fail(window, folder):
    told = QEventLoop()
    unexpected = Unexpected(window.main_window, lambda _: told.quit(), folder / "log")
    unexpected.caught(ValueError, ValueError(window.document.state.name), None)
    unexpected.watch()
    told.exec()  # the box is open within
    unexpected.rest()


def read_long(window, folder):
    with (
        suppress(CancelledError),
        Waiting(window.main_window, f"Reading {window.document.state.name}") as read,
    ):
        while True:
            read(0.5)


def ask_activations(window, _folder):
    AskActivations(window.main_window, window.document.state.name, (2, 2, 1), ("relu", "identity")).exec()


BOXES = {
    "unsaved changes": (QMessageBox, leave),
    "a refused file": (QMessageBox, refuse),
    "whose version": (
        QMessageBox,
        lambda window, _: ask_whose(window.main_window, window.document.state.name),
    ),
    "left out": (QMessageBox, leave_out),
    "a fault": (QMessageBox, fail),
    "what to recover": (RecoverDialog, ask_recover),
    "a long reading": (QProgressDialog, read_long),
    "activations that a file lacks": (AskActivations, ask_activations),
    "a weight set": (QDialog, lambda window, _: choose_in(window, "Keep the present")),
    "a parameter": (QDialog, lambda window, _: choose_in(window, "elu with another")),
    "a new network": (NewNetwork, lambda window, _: NewNetwork(window.main_window).exec()),
    "rows to make": (MakeRows, lambda window, _: make_rows(window)),
}


def choose_in(window, start):
    """Choose the entry that begins so, in a menu within Network."""
    network = offered(window, "Network").menu()
    for menu in menus(network):
        for entry in menu.actions():
            if entry.text().replace("&", "").startswith(start):
                entry.trigger()
                return
    raise AssertionError(f"no entry begins with {start!r}")


def test_no_box_is_rendered(window, answer, tmp_path):
    found = []
    for k, (box, (kind, opens)) in enumerate(BOXES.items()):
        notes = replace(window.document.state, notes=f"other {k}")
        window.document.push(notes, f"<b>{window.document.state.name}")

        def look(dialog, box=box, kind=kind):
            found.append((box, rendered(dialog)))
            tables = dialog.findChildren(QTableWidget)
            found.extend((box, rendered(tip_at(own.viewport(), QPoint(200, 20)))) for own in tables)
            (dialog.cancel if kind is QProgressDialog else dialog.reject)()

        answer(kind, look)
        (tmp_path / str(k)).mkdir()
        opens(window, tmp_path / str(k))
        QToolTip.hideText()
    assert found == [(box, []) for box in BOXES for _ in range(1 + (box == "what to recover"))]


def test_only_where_names_are_escaped_is_html_made():
    package = Path(nnviz.__file__).parent
    makers = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if MAKES_HTML.search(file.read_text("utf-8"))
    }
    assert makers == MAY_MAKE_HTML
