"""How much is tried: each test takes its counts from `amount`, and all chance from a seed that it names."""

import pytest
from hypothesis import settings as hypothesis_settings

from tests.ui.conftest import leaves_nothing_behind, open_window, qapp, settings  # noqa: F401

hypothesis_settings.register_profile("unhurried", deadline=None)
hypothesis_settings.load_profile("unhurried")


@pytest.fixture
def amount(request):
    """Return a function: of three counts the one for `--robust=quick`, `full` or `long`."""
    return lambda **counts: counts[request.config.getoption("--robust")]
