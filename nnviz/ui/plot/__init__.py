"""What all plots share: cards, axes, colour scales, curves and points."""
