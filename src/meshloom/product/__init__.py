"""DATA PRODUCT EXPERIENCE PLANE: a developer's verbs on one product."""
