"""The web pages: server-rendered, no script needed to read them, nothing fetched from elsewhere."""
