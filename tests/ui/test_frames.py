"""A frame of the walk repaints a part of the diagram: all that has changed lies in it."""

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QImage, QRegion
from PySide6.QtWidgets import QWidget

RGB = QImage.Format.Format_RGB32


class Onlooker(QObject):
    """Keeps what stands on the screen, and counts the frames in which the whole painted anew differs."""

    def __init__(self, diagram):
        super().__init__()
        self._diagram, self._looking = diagram, False
        self.screen, self.frames, self.wrong = self._painted(QImage(diagram.size(), RGB)), 0, 0

    def _painted(self, image, region=None):
        self._looking = True
        region = region or QRegion(self._diagram.rect())
        corner = region.boundingRect().topLeft()
        self._diagram.render(image, corner, region, QWidget.RenderFlag.DrawChildren)
        self._looking = False
        return image

    def eventFilter(self, _, event):  # noqa: N802
        if event.type() == QEvent.Type.Paint and not self._looking:
            self._painted(self.screen, event.region())
            self.frames += 1
            self.wrong += self.screen != self._painted(QImage(self._diagram.size(), RGB))
        return False


@pytest.mark.parametrize("name", ["xor", "curve"])
def test_a_frame_of_the_walk_paints_all_that_it_changes(qtbot, open_window, name):
    window = open_window(name)
    onlooker = Onlooker(window.diagram)
    window.diagram.installEventFilter(onlooker)
    window.player.speed = 1.0
    for _ in range(4):
        window.player.step()
        qtbot.waitUntil(lambda: not window.player.progress.moving)
    window.diagram.removeEventFilter(onlooker)
    assert onlooker.frames > 8
    assert onlooker.wrong == 0
