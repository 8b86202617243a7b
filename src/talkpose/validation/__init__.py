"""What trackers and measures are worth where the truth is known."""
