"""What Help shows: pages of terms and what they mean."""
