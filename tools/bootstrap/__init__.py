"""Prepare this computer for smartcommune, with nothing but Python's standard library.

Three steps, each idempotent and safe to cut: system packages, the virtual environment, the Pulumi engine.
"""
