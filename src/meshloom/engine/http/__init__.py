"""What the roles' REST interfaces share: operations in a table, Pinot's errors, a generated OpenAPI."""
