"""Embedding models: the bundled one, and any sentence-transformers model."""
