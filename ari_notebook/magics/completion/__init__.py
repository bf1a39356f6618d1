"""Tab completion of the `%ari` magics."""
