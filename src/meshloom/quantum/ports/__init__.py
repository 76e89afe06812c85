"""A quantum's ports at run time."""
