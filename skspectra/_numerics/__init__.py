"""Plain functions on arrays."""
