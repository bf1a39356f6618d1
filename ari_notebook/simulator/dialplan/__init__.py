"""The dialplan: contexts, extensions, priorities, applications and functions."""
