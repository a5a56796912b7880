"""What all dialogs and boxes have in common."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QDialogButtonBox,
    QLabel,
    QMessageBox,
    QPushButton,
    QStyle,
    QStyleOptionButton,
)

from nnviz.core import edits
from nnviz.picture.palette import PALETTES
from nnviz.ui.widgets.dialogs import message_box
from nnviz.ui.widgets.theme import apply_theme
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import begin
from tests.ui.hands import choose
from tests.ui.test_plain_text import BOXES


def refuse(window, folder):
    bad = folder / "bad.json"
    bad.write_text("{", encoding="utf-8")
    window.files.open(bad)


WITH_PRIMARY = ("unsaved changes", "left out", "a fault", "what to recover", "a weight set", "a parameter")
DIALOGS = {name: BOXES[name] for name in (*WITH_PRIMARY, "a new network", "rows to make")} | {
    "a refused file": (QMessageBox, refuse)
}
QUICK = [["unsaved changes", "a new network", "a refused file"], ["left out", "a fault", "a parameter"]]
"""The dialogs that are looked at in each theme, unless --ci looks at all."""


def test_a_last_file_that_cannot_be_opened_is_told_in_a_box_over_what_is_open_instead(
    qtbot, settings, tmp_path
):
    path = tmp_path / "mine.json"
    path.write_text("{", encoding="utf-8")
    settings.opened(path)
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
        assert places[-1].left() == left
        assert right == box.width() - 1 - left
        for click in (QTest.mouseDClick, QTest.mouseRelease):  # or the button stays down for other tests
            click(text, Qt.MouseButton.LeftButton, pos=QPoint(15, text.height() // 2))
        assert text.selectedText()


def shows_a_tick(box):
    """Tell whether a ticked box has more than one colour inside."""
    option = QStyleOptionButton()
    option.initFrom(box)
    within = box.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, box)
    inside = box.grab(within.adjusted(3, 3, -3, -3)).toImage()
    seen = {inside.pixelColor(x, y).name() for x in range(inside.width()) for y in range(inside.height())}
    return len(seen) > 1


def test_a_dialog_has_one_filled_button_in_the_theme_s_colour_and_no_foreign_icon(
    qapp, qtbot, open_window, answer, tmp_path, amount
):
    ticked = QCheckBox("Transparent background")
    qtbot.addWidget(ticked)
    ticked.setChecked(True)
    ticked.show()
    window, found = open_window("relu"), []
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 9.0), "a weight")

    def look(dialog):
        filled = [
            own
            for own in dialog.findChildren(QPushButton)
            if own.grab().toImage().pixelColor(8, own.height() // 2).name().upper()
            == PALETTES[theme].accent.upper()
        ]
        found.append([(own.isDefault(), own.parent().metaObject().className()) for own in filled])
        if isinstance(dialog, QMessageBox):
            assert dialog.iconPixmap().isNull()
        dialog.reject()

    every = [[*DIALOGS]] * len(PALETTES)
    try:
        for theme, names in zip(PALETTES, amount(quick=QUICK, ci=every, night=every), strict=True):
            if theme != "light":
                apply_theme(qapp, theme)
            assert shows_a_tick(ticked), theme
            for name in names:
                kind, opens = DIALOGS[name]
                answer(kind, look)
                opens(window, tmp_path)
                assert set(map(tuple, found)) == {((True, QDialogButtonBox.__name__),)}, (name, theme)
                found.clear()
    finally:
        apply_theme(qapp, "light")
