"""Targets: turning a Site into machines, networks and secrets by Pulumi, and reading back what stands.

``stack.Stack`` plans and applies under a lock; ``outputs.fetch_outputs`` reads without one.
"""
