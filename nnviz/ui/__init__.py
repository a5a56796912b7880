"""What is seen: widgets and plots."""
