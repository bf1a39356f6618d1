"""ARI as requests meet it: the pipeline, and a module of operations for each resource."""
