"""`pinot-admin.sh`, and `meshloom pinot …`: Apache Pinot's administration commands, over HTTP."""
