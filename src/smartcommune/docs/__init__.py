"""Documents written from the toolkit's own descriptions, so that they cannot disagree with it.

``python -m smartcommune.docs`` writes them; repository tests compare them.
"""
