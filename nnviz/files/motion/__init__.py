"""Pictures in motion: a film, frame by frame, as GIF, animated PNG or MP4. Knows nothing of what it shows."""
