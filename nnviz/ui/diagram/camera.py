"""From where the diagram is seen: zoom about a point, pan, fit. Knows nothing of Qt."""

from __future__ import annotations

from nnviz.picture.parts import View

MOST_ZOOM, LEAST_ZOOM = 60.0, 0.5


class Camera:
    """The present View of a diagram."""

    def __init__(self) -> None:
        self.view = View(100.0, 100.0)

    @property
    def fitted(self) -> bool:
        """Whether everything is in sight."""
        return self.view[2:] == (1.0, 0.0, 0.0)

    def resize(self, width: float, height: float) -> None:
        """Give it other room; what was in the middle stays there."""
        old = self.view
        if self.fitted or old.width <= 0 or old.height <= 0:
            self.view = old._replace(width=width, height=height)
            return
        self.view = View(width, height, old.zoom, old.dx * width / old.width, old.dy * height / old.height)

    def fit(self) -> None:
        """Show everything."""
        self.view = View(self.view.width, self.view.height)

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by so many pixels."""
        self._show(self.view.zoom, self.view.dx + dx, self.view.dy + dy)

    def zoom_at(self, x: float, y: float, factor: float) -> None:
        """Zoom by `factor` so that the point (x, y) stays where it is."""
        view = self.view
        zoom = min(max(view.zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        if abs(zoom - 1.0) < 0.02:
            zoom = 1.0
        true = zoom / view.zoom
        self._show(zoom, x - (x - view.dx) * true, y - (y - view.dy) * true)

    def centre_on(self, x: float, y: float) -> None:
        """Move the point (x, y) to the middle."""
        self.pan(self.view.width / 2 - x, self.view.height / 2 - y)

    def _show(self, zoom: float, dx: float, dy: float) -> None:
        """Keep a third of the picture in sight, wherever it is pushed."""
        width, height = self.view.width, self.view.height
        dx = min(max(dx, width * (0.33 - zoom)), width * 0.67)
        dy = min(max(dy, height * (0.33 - zoom)), height * 0.67)
        self.view = View(width, height, zoom, dx, dy)
