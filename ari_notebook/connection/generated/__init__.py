"""Typed classes of ARI's declaration, written by ``scripts/generate_types.py``."""
