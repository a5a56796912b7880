"""The option that says how much is tried."""


def test_without_an_option_little_is_tried(amount, request):
    counts = {"quick": 1, "full": 2, "long": 3}
    assert amount(**counts) == counts[request.config.getoption("--robust")]
