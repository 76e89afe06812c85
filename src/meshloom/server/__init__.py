"""One ASGI application that mounts the planes' APIs and the portal."""
