"""MESH EXPERIENCE PLANE: across products."""
