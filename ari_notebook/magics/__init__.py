"""The `%ari` magics."""
