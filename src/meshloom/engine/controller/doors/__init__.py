"""The controller's REST operations, one file a family. A handler takes the controller and a call."""
