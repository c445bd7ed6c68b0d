"""Pulumi stacks of the toolkit, and the typed components that they are declared with."""
