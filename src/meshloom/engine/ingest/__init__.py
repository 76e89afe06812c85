"""Files into segments."""
