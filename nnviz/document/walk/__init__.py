"""The walk through one step of learning."""
