"""The REST operations, one module for each of ARI's resources."""
