"""INFRASTRUCTURE UTILITY PLANE: raw capabilities that have never heard of a product."""
