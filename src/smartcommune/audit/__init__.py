"""Auditing: what controls ask of a commune, what its hosts were seen to be, and the evidence of both."""
