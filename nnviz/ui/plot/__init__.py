"""Parts that all plots share: panels, axes, colour scales, curves and points."""
