"""The explain panel."""
