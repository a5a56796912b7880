"""Windows for tests/robust: counts come from `amount`, all chance from a seed that a test names."""

from tests.ui.conftest import leaves_nothing_behind, open_window, qapp, settings  # noqa: F401
