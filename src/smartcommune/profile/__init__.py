"""Profiles: the closed schema, and loading with the position of every node."""
