"""The park's past: eighteen months of invented families, the same bytes from the same seed."""
