"""Windows for tests/robust; each test takes its counts from `amount` and all chance from a seed that it names."""

from tests.ui.conftest import leaves_nothing_behind, open_window, qapp, settings  # noqa: F401
