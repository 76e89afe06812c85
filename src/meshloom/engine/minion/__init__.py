"""Pinot's minion: tasks run inside the controller here; this door only says that it lives."""
