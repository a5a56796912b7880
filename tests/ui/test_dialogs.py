"""The window and all boxes have plain text, names for a screen reader, and one look."""

import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QEventLoop, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QColor, QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QProgressDialog,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QTabBar,
    QTableWidget,
    QToolButton,
    QToolTip,
    QWidget,
)

import nnviz
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training, WeightSet
from nnviz.document.autosave import claim_leftovers
from nnviz.document.document import Document
from nnviz.files.errors import CancelledError
from nnviz.files.examples import example
from nnviz.files.on_disk import OpenFile
from nnviz.files.registry import load
from nnviz.files.snapshot import About, copy_parts, with_digest
from nnviz.picture.palette import PALETTES
from nnviz.ui.dialogs.column import ColumnDialog
from nnviz.ui.dialogs.help import HelpWindow
from nnviz.ui.dialogs.make_rows import MakeRows
from nnviz.ui.dialogs.new_network import NewNetwork
from nnviz.ui.dialogs.questions import AskActivations, RecoverDialog, ask_version
from nnviz.ui.kit.controls import announce
from nnviz.ui.kit.dialogs import ProgressDialog, message_box
from nnviz.ui.kit.theme import apply_theme, theme_in_use
from nnviz.ui.plot.card import Caption
from nnviz.ui.window.app import Unexpected
from nnviz.ui.window.commands import ask_column, make_rows
from nnviz.ui.window.session import begin, fill
from nnviz.ui.window.window import MainWindow
from tests.ui.clipped import walk_panels
from tests.ui.hands import address_named, choose, choose_entry, click, press, set_number
from tests.ui.runs import colours_of, pixels_of
from tests.ui.sees import help_page, menus, offered, status

MAKES_HTML = re.compile(
    r"setHtml|insertHtml|setMarkdown|RichText|MarkdownText|AutoText|StaticText|setTextFormat"
)
MAY_MAKE_HTML = {"ui/dialogs/help.py", "ui/panels/explain.py", "ui/panels/notes.py"}


@pytest.fixture
def hostile(tmp_path):
    """A State whose every text is HTML that shows a local picture."""
    picture = QImage(40, 40, QImage.Format.Format_RGB32)
    picture.fill(QColor("magenta"))
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
    """Return whether a widget shows the picture."""
    picture = widget.grab().toImage()
    sample = picture.scaled(picture.width() // 8, picture.height() // 8)  # the picture is 40 pixels wide
    return bool((pixels_of(sample) == 0xFF00FF).any())


def rendered(widget):
    """Return the texts of a widget that would be rendered as HTML, and the widget if it shows the picture."""
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


def reached(root):
    """Return the widgets within `root` that Tab reaches."""
    return [
        own
        for own in root.findChildren(QWidget)
        if own.focusPolicy() & Qt.FocusPolicy.TabFocus
        and own.isVisible()
        and own.focusProxy() is None  # the field within a choice
        and not (isinstance(own, QToolButton) and isinstance(own.parent(), QTabBar))  # Qt's own arrows
    ]


def unclear(root):
    """Return the widgets in `root` without a name, without a letter in it, or with another one's name."""
    names = []
    for own in reached(root):
        interface = QAccessible.queryAccessibleInterface(own)
        name = own.accessibleName() or interface.text(QAccessible.Text.Name)
        names.append(((name, interface.role()), own))  # a tab is called as its panel is
    count = Counter(told for told, _ in names)
    return [
        (told, own)
        for told, own in names
        if count[told] > 1 or not any(letter.isalpha() for letter in told[0])
    ]


def test_the_test_would_see_a_picture(hostile, qtbot):
    label = QLabel(hostile.name)
    qtbot.addWidget(label)
    label.ensurePolished()
    label.setTextFormat(Qt.TextFormat.RichText)
    assert is_rendered(label)


def test_no_text_of_the_window_is_rendered_and_each_control_has_a_name_of_its_own(window):
    click(window, address_named(window, window.document.state.network.outputs[0]))
    choose_entry(window, "First steps")
    choose_entry(window, "Find…")
    for panel in walk_panels(window):
        assert len(reached(window.main_window)) > 20
        assert (unclear(window.main_window), rendered(window.main_window)) == ([], []), panel
    help_page(window, "Formulas")
    (page,) = window.main_window.findChildren(HelpWindow)
    assert len(reached(page)) == 3
    assert unclear(page) == []
    page.hide()
    QTest.keyClicks(window.finder.field, "h")
    QApplication.processEvents()
    assert rendered(window.main_window) == []


def test_no_tooltip_and_no_menu_of_the_window_is_rendered(window):
    for _ in walk_panels(window):
        pass
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
    names = []
    for menu in (own for action in window.main_window.menuBar().actions() for own in menus(action.menu())):
        assert rendered(menu) == []
        names += [re.sub("&(.)", r"\1", entry.text()) for entry in menu.actions() if "<b>" in entry.text()]
    assert [name for name in names if "</b> & [*] &amp;" not in name and "…" not in name] == []
    assert len(names) >= 1


def test_the_title_shows_a_name_as_it_is_and_writes_out_what_would_turn_it_around(window):
    name = f"{window.document.state.name} — {window.document.path.name}"
    assert window.main_window.windowHandle().title() == f"{name} — nnviz"
    window.document.mark_unsaved()
    assert window.main_window.windowHandle().title() == f"{name}* — nnviz"
    window.document.push(replace(window.document.state, name="a\u202eb"), "a name")
    assert window.main_window.windowTitle().startswith(r"a\u202eb")


def test_only_where_names_are_escaped_is_html_made():
    package = Path(nnviz.__file__).parent
    texts = {file.relative_to(package).as_posix(): file.read_text("utf-8") for file in package.rglob("*.py")}
    assert {name for name, text in texts.items() if MAKES_HTML.search(text)} == MAY_MAKE_HTML


def test_a_screen_reader_hears_sentences_on_behalf_of_their_widget_and_present_numbers(open_window, heard):
    window = open_window("relu")
    announce(window.diagram, "")
    assert heard == []
    announce(window.diagram, "node_0: z = 26")
    assert heard == [(window.diagram, "node_0: z = 26")]
    heard.clear()
    for _ in range(2):
        choose_entry(window, "Copy picture")
    assert [text for _, text in heard] == [status(window)] * 2
    assert status(window).startswith("Copied the diagram as a picture")
    weight = address_named(window, "node_0", "accounts")
    set_number(window, weight, "9.25")
    assert window.diagram.accessibleDescription().startswith("weight from accounts to node_0: 9.25")
    choose_entry(window, "Undo")
    assert window.diagram.accessibleDescription().startswith("weight from accounts to node_0: 2")


def test_a_warning_about_a_run_is_announced_once(open_window, heard, qtbot):
    window = open_window(replace(load(example("relu").path), training=Training(learning_rate=100)))
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
    assert "the MSE rose" in status(window)
    assert [text for _, text in heard].count(status(window)) == 1


# --- boxes


def refuse(window, folder):
    rows = folder / "<b>rows.csv"
    rows.write_text("1,2\n3\n")
    window.files.load_table(rows)
    assert "<b>rows.csv" in status(window)


def leave_out(window, folder):
    window.document.file = OpenFile(folder / "<b>a & b.py", set())
    choose_entry(window, "Save")


def ask_recover(window, folder):
    state = window.document.state
    about = About(state.name, f"<b>{state.name}", None, b"")
    (folder / "a.copy").write_bytes(b"".join(with_digest(copy_parts(state, about))))
    left, _ = claim_leftovers(folder)
    RecoverDialog(window.main_window, left).exec()
    left[0].discard()


def fail(window, folder):
    told = QEventLoop()
    unexpected = Unexpected(window.main_window, lambda _: told.quit(), folder / "log")
    unexpected.handle(ValueError, ValueError(window.document.state.name), None)
    unexpected.watch()
    told.exec()  # the box is open within
    unexpected.restore_hooks()


def read_long(window, folder):
    with (
        suppress(CancelledError),
        ProgressDialog(window.main_window, f"Reading {window.document.state.name}") as read,
    ):
        while True:
            read(0.5)


BOXES = {
    "unsaved changes": (QMessageBox, lambda window, _: window.files.may_leave()),
    "a refused file": (QMessageBox, refuse),
    "whose version": (QMessageBox, lambda own, _: ask_version(own.main_window, own.document.state.name)),
    "left out": (QMessageBox, leave_out),
    "a fault": (QMessageBox, fail),
    "what to recover": (RecoverDialog, ask_recover),
    "a long reading": (QProgressDialog, read_long),
    "activations that a file lacks": (
        AskActivations,
        lambda own, _: AskActivations(own.main_window, own.document.state.name, (2, 1), ("relu",)).exec(),
    ),
    "a weight set": (QDialog, lambda window, _: choose_in(window, "Keep the current")),
    "a parameter": (QDialog, lambda window, _: choose_in(window, "elu with another")),
    "a new network": (NewNetwork, lambda window, _: NewNetwork(window.main_window).exec()),
    "rows to make": (MakeRows, lambda window, _: make_rows(window)),
    "a column": (ColumnDialog, lambda window, _: ask_column(window)),
}


UNFILLED = {"whose version", "a long reading"}
"""Which boxes have no button that Enter presses."""


def choose_in(window, start):
    """Choose the first entry that begins so, in a menu within Network."""
    entries = (action for menu in menus(offered(window, "Network").menu()) for action in menu.actions())
    next(action for action in entries if action.text().replace("&", "").startswith(start)).trigger()


def shows_a_tick(box):
    """Return whether a ticked box has more than one colour inside."""
    option = QStyleOptionButton()
    option.initFrom(box)
    within = box.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, box)
    inside = box.grab(within.adjusted(3, 3, -3, -3)).toImage()
    return len(colours_of(inside)) > 1


def faults(dialog, accent, fills):
    """Return the parts that are rendered, have no name of their own, or look unlike other dialogs."""
    found = rendered(dialog) + unclear(dialog)
    for table in dialog.findChildren(QTableWidget):
        found += rendered(tip_at(table.viewport(), QPoint(200, 20)))
    QToolTip.hideText()
    if not dialog.windowTitle() or not reached(dialog):
        found.append("no title, or nothing that the keyboard reaches")
    if isinstance(dialog, QMessageBox) and not dialog.iconPixmap().isNull():
        found.append("a foreign icon")
    filled = [
        (own.isDefault(), own.parent().metaObject().className())
        for own in dialog.findChildren(QPushButton)
        if own.grab().toImage().pixelColor(8, own.height() // 2).name().upper() == accent.upper()
    ]
    if filled != [(True, "QDialogButtonBox")] * fills:
        found.append(f"filled: {filled}")
    return found


def test_a_box_is_plain_text_has_names_a_title_and_one_filled_button_and_no_foreign_icon(
    qapp, qtbot, window, answer, tmp_path, amount
):
    ticked, found = QCheckBox("Transparent background"), {}
    qtbot.addWidget(ticked)
    ticked.setChecked(True)
    ticked.show()
    some = amount(quick=["left out", "a fault", "a parameter"], ci=BOXES, night=BOXES)
    asked = [*product(["light"], BOXES), *product(["dark"], some)]
    for theme, box in asked:
        if theme != theme_in_use():
            apply_theme(qapp, theme)
        assert shows_a_tick(ticked), theme
        folder = tmp_path / f"{box}, {theme}"
        folder.mkdir()
        notes = replace(window.document.state, notes=folder.name)
        window.document.push(notes, f"<b>{window.document.state.name}")

        def look(dialog, theme=theme, box=box):
            found[theme, box] = faults(dialog, PALETTES[theme].accent, box not in UNFILLED)
            (dialog.cancel if isinstance(dialog, QProgressDialog) else dialog.reject)()

        kind, opens = BOXES[box]
        answer(kind, look)
        opens(window, folder)
    assert found == {each: [] for each in asked}


@pytest.mark.fonts
def test_the_buttons_of_a_box_end_at_its_margin_and_its_text_can_be_copied(qtbot):
    for sentence in ("Save?", "Save the changes to “Bank transactions” before it closes?"):
        box = message_box(None, sentence)
        qtbot.addWidget(box)
        buttons = (QMessageBox.StandardButton.Save, QMessageBox.StandardButton.Discard)
        answers = [box.addButton(each) for each in buttons]
        box.show()
        text = box.findChild(QLabel, "qt_msgbox_label")
        places = [QRect(each.mapTo(box, QPoint()), each.size()) for each in (*answers, text)]
        left, right = min(place.left() for place in places), max(place.right() for place in places)
        assert (places[-1].left(), box.width() - 1 - right) == (left, left)
        for click_it in (QTest.mouseDClick, QTest.mouseRelease):  # or the button stays down for other tests
            click_it(text, Qt.MouseButton.LeftButton, pos=QPoint(15, text.height() // 2))
        assert text.selectedText()


def test_a_last_file_that_cannot_be_opened_is_told_in_a_box_over_what_is_open_instead(
    qtbot, settings, tmp_path
):
    path = tmp_path / "mine.json"
    path.write_text("{", encoding="utf-8")
    settings.remember_open(path)
    window = MainWindow(settings)
    qtbot.addWidget(window)
    workspace = begin(window, settings, None)
    window.show()
    box = window.findChild(QMessageBox)
    qtbot.waitUntil(box.isVisible)
    assert box.text().startswith("mine.json was not opened: ")
    assert box.informativeText() == f"{workspace.document.title} is open instead."
    choose("OK")(box)
    qtbot.waitUntil(lambda: not window.findChildren(QMessageBox))
