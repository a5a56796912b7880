"""The MSE panel: the history of the whole run as a curve, and its ways out as CSV and PNG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage, QShowEvent
from PySide6.QtWidgets import QLabel, QMenu, QStackedLayout

from nnviz.core.history import History
from nnviz.core.names import file_named
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.document.training.runner import Runner
from nnviz.files import atomic, csv
from nnviz.files.errors import FileError
from nnviz.ui.widgets.ask_where import ask_where, file_name
from nnviz.ui.widgets.card import Card, quiet_button
from nnviz.ui.widgets.images import icon, png
from nnviz.ui.widgets.theme import colours

if TYPE_CHECKING:
    from nnviz.ui.plots.mse_curve import MseCurve

TIP = (
    "Drag the ring to another iteration of the run; drag elsewhere to move, wheel to zoom, "
    "double-click to see all; arrows read points out"
)
EMPTY = "Press Run or One update: the MSE after every update is drawn here"


class MsePlot(Card):
    """Draws the MSE history; where one has gone back in the run, what comes after stays, faint.

    `load` brings the plot in once the window stands: its import is slow. `exported` and `refused` say in one
    sentence that a file was written, or why it could not be.
    """

    exported = Signal(str)
    refused = Signal(str)

    def __init__(self, document: Document, runner: Runner) -> None:
        super().__init__("MSE")
        self._document, self._runner, self._travel = document, runner, runner.travel
        self.curve: MseCurve | None = None
        self._history: History | None = None
        self._present: tuple[int, float] | None = None
        self.empty = QLabel()
        self.empty.setObjectName("muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedLayout()
        self.body.addLayout(self._pages)  # first: what it shows would else be a window of its own
        self._pages.addWidget(self.empty)
        self._make_menu()
        self._make_buttons()
        self._changes = MotionThrottle(self, self._refresh, document, phase=0.0)
        document.state_changed.connect(self._follow)
        self._refresh()

    def load(self) -> None:
        """Import pyqtgraph and build the plot."""
        from nnviz.ui.plots.mse_curve import MseCurve

        self.curve = MseCurve(colours())
        self.curve.setToolTip(TIP)
        self.curve.menu_requested.connect(self._menu.popup)
        self.curve.ring_taken.connect(self._runner.hold)
        self.curve.wanted.connect(self._runner.scrub_to)
        self.curve.ring_dropped.connect(self._runner.let_go)
        self.curve.set_log(self.log_button.isChecked())
        self.log_button.toggled.connect(self.curve.set_log)
        self.view_all.triggered.connect(self.curve.view_all)
        self._pages.addWidget(self.curve)
        self._history = None
        self._refresh()

    def export_csv(self, path: Path) -> None:
        """Write the history to `path` with the columns iteration and mse."""
        history = self._travel.history
        assert history is not None
        thinned = ": of every 16 updates or more the lowest and the highest MSE" if history.is_thinned else ""
        self._export(path, csv.history(history.points), thinned)

    def export_png(self, path: Path) -> None:
        """Write the curve as it is seen to `path`, on white."""
        self._export(path, png(self.picture()))

    def picture(self) -> QImage:
        """Return the curve as it is seen, with its axes, on white."""
        from nnviz.ui.plots.mse_canvas import picture_of

        history = self._travel.history
        assert history is not None
        assert self.curve is not None
        return picture_of(history, self._travel.present, self.curve)

    def _make_menu(self) -> None:
        self._menu = QMenu(self)
        self.view_all = self._menu.addAction("View all")
        self._menu.addSeparator()
        self.copy_picture = self._menu.addAction("Copy picture", self._copy_picture)
        self.ask_png = self._menu.addAction("Export PNG…", lambda: self._ask("PNG", ".png", self.export_png))
        self.ask_csv = self._menu.addAction("Export CSV…", lambda: self._ask("CSV", ".csv", self.export_csv))

    def _make_buttons(self) -> None:
        self.log_button = quiet_button("Log", "Draw the MSE on a logarithmic scale", "Logarithmic scale")
        self.log_button.setCheckable(True)
        self.more_button = quiet_button("", "View all, copy or export the curve", "More of the curve")
        self.more_button.clicked.connect(
            lambda: self._menu.popup(self.more_button.mapToGlobal(self.more_button.rect().bottomLeft()))
        )
        self.buttons.addWidget(self.log_button)
        self.buttons.addWidget(self.more_button)
        self._colour()

    def _follow(self, old: State, new: State) -> None:
        if self.isVisible():
            self._changes.changed()

    def _refresh(self) -> None:
        """Draw the history where it is another one, has grown, or another point of it is the present one."""
        history, present = self._travel.history, self._travel.present
        self.empty.setText("" if history else EMPTY)
        for action in (self.view_all, self.copy_picture, self.ask_png, self.ask_csv):
            action.setEnabled(history is not None and self.curve is not None)
        if self.curve is None or (history is self._history and present == self._present):
            return
        if history is None:
            self._pages.setCurrentWidget(self.empty)
        else:
            if self._history is None:
                self.curve.view_all()
            self.curve.show_history(history, present)
            self._pages.setCurrentWidget(self.curve)
        self._history, self._present = history, present

    def _copy_picture(self) -> None:
        QGuiApplication.clipboard().setImage(self.picture())
        self.exported.emit("Copied the picture of the MSE")

    def _ask(self, kind: str, suffix: str, export: Callable[[Path], None]) -> None:
        wanted = Path(f"{file_name(self._document.title)}-mse{suffix}")
        path = ask_where(self, f"Export {kind}", wanted, {kind: (suffix,)})
        if path:
            export(path)

    def _export(self, path: Path, data: bytes, what: str = "") -> None:
        try:
            atomic.write(path, data)
        except FileError as error:
            self.refused.emit(str(error))
        else:
            self.exported.emit(f"Exported {file_named(path)}{what}")

    def _colour(self) -> None:
        self.more_button.setIcon(icon("more", colours().muted, 16))
        if self.curve:
            self.curve.set_palette(colours())

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "more_button"):
            self._colour()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._refresh()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: D102
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self._menu.popup(self.mapToGlobal(QPoint(20, 40)))
