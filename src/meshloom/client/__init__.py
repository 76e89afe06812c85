"""What a consumer's program imports: `meshloom.connect(...)`, over HTTP and Arrow only."""
