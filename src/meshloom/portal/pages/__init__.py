"""One file a page: what it shows and where that comes from."""
