"""Typed components: they take parts of a Site and declare resources of the provider ``smartcommune``."""
