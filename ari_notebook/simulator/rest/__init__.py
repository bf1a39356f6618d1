"""ARI over HTTP: the request pipeline, and a module of operations for each resource."""
