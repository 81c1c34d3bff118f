"""Providers of image and prompt vectors: one module a provider, behind one protocol."""
