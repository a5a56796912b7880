"""What of a window's texts does not fit its control, by the control's own style."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenuBar,
    QStyle,
    QStyleOptionComboBox,
    QStyleOptionFrame,
    QStyleOptionHeader,
    QStyleOptionTab,
    QTabBar,
    QToolButton,
    QWidget,
)

from nnviz.ui.kit.controls import ElidedLabel
from nnviz.ui.kit.theme import OWN_SIZE

CURSOR_PX = 4
"""What a line edit keeps free beside its text, left and right together."""


def walk_panels(window):
    """Bring every panel of the window to the front, one after the other; yield its name."""
    for name, dock in window.board.docks.items():
        dock.bring_to_front()
        for _ in range(3):  # a layout within a layout is asked after the outer one
            QApplication.processEvents()
        yield name


def clipped(window):
    """Return a sentence for every control in sight whose text is cut off or that leaves its place."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or widget.window() != window.window() or _is_behind(widget):
            continue
        for kind, look in LOOKS.items():
            if isinstance(widget, kind):
                found += [f"{_called(widget)}: {what}" for what in (*look(widget), *_outside(widget))]
                break
    return found


def _is_behind(widget):
    """Return whether a widget is a row of tabs, or in a dock behind a tab, which Qt only moves away."""
    if isinstance(widget, QTabBar) and widget.visibleRegion().isEmpty():
        return True
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget is not None and widget.visibleRegion().isEmpty()


def _called(widget):
    within = [type(widget).__name__]
    parent = widget.parentWidget()
    while parent is not None and len(within) < 4:
        within.append(type(parent).__name__)
        parent = parent.parentWidget()
    said = widget.text() if hasattr(widget, "text") else widget.accessibleName()
    return f"{said!r} ({' in '.join(within)})"


def _outside(widget):
    """Return where a control leaves what it stands in; what scrolls may do so in the way that it scrolls."""
    place, within = widget.rect(), widget
    while within.parentWidget() is not None and not within.isWindow():
        place = QRect(within.mapToParent(place.topLeft()), place.size())
        within = within.parentWidget()
        area = within.parentWidget()
        room = within.rect()
        if isinstance(area, QAbstractScrollArea) and area.viewport() is within:
            if area.horizontalScrollBarPolicy() != Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
                return
            if not room.left() <= place.left() <= place.right() <= room.right():
                yield f"leaves what scrolls sideways: {place} of {room}"
            return
        if not room.contains(place):
            yield f"leaves {type(within).__name__}: {place} of {room}"
            return


def _label(label):
    if (
        not label.text() or label.pixmap() or isinstance(label, ElidedLabel)
    ):  # which says where it has no room
        return
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        if needed > label.height():
            yield f"needs {needed} pixels of height, has {label.height()}"
        return
    yield from _less_than_hint(label)


def _button(button):
    if button.property(OWN_SIZE):  # a button on the diagram, as large as the picture makes it
        yield from _text(button, button.text(), button.rect()) if button.text() else ()
    elif button.text() or isinstance(button, QToolButton):
        yield from _less_than_hint(button)


def _less_than_hint(widget):
    hint, size = widget.sizeHint(), widget.size()
    if hint.width() > size.width() or hint.height() > size.height():
        yield f"needs {hint.width()} × {hint.height()}, has {size.width()} × {size.height()}"


def _combo_box(box):
    if box.isEditable():
        return  # its field speaks for it
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    control, field = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
    room = box.style().subControlRect(control, option, field, box)
    yield from _text(box, box.currentText() or box.placeholderText(), room)


def cut_off(field):
    """Yield a sentence where a field has no room for all of its text."""
    option = QStyleOptionFrame()
    field.initStyleOption(option)
    room = field.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, field)
    text = field.displayText() or field.placeholderText()
    yield from _text(field, text, room.adjusted(0, 0, -CURSOR_PX if text else 0, 0))


def _text(widget, text, room):
    needed, high = widget.fontMetrics().horizontalAdvance(text), widget.fontMetrics().height()
    if needed > room.width() or high > widget.height():
        yield f"{text!r} needs {needed} × {high}, has {room.width()} × {widget.height()}"


def _tabs(bar):
    for k in range(bar.count()):
        option = QStyleOptionTab()
        bar.initStyleOption(option, k)
        if option.text != bar.tabText(k):
            yield f"tab {bar.tabText(k)!r} is shortened to {option.text!r}"
        if not bar.rect().contains(bar.tabRect(k)):
            yield f"tab {bar.tabText(k)!r} is out of sight"


def _header(header):
    for k in range(header.count()):
        option = QStyleOptionHeader()
        header.initStyleOption(option)
        if header.isSectionHidden(k):
            continue
        size, across = header.sectionSize(k), header.orientation() == Qt.Orientation.Horizontal
        option.rect = QRect(0, 0, *((size, header.height()) if across else (header.width(), size)))
        room = header.style().subElementRect(QStyle.SubElement.SE_HeaderLabel, option, header)
        text = str(header.model().headerData(k, header.orientation()))
        needed, high = header.fontMetrics().horizontalAdvance(text), header.fontMetrics().height()
        if needed > room.width() or high > room.height():
            yield f"section {text!r} needs {needed} × {high}, has {room.width()} × {room.height()}"


def _menu_bar(bar):
    for action in bar.actions():
        place = bar.actionGeometry(action)
        if not bar.rect().contains(place):
            yield f"{action.text()} is out of sight"


LOOKS = {
    QLineEdit: cut_off,
    QComboBox: _combo_box,
    QTabBar: _tabs,
    QHeaderView: _header,
    QMenuBar: _menu_bar,
    QAbstractButton: _button,
    QLabel: _label,
}
"""How to look at each kind of control."""
