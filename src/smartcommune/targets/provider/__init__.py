"""The toolkit's own Pulumi provider ``smartcommune``: machines, secrets and certificate authorities.

It is served inside the program that drives the engine (``server.serve``), or as a plugin process for a plain
``pulumi up`` (``python -m smartcommune.targets.provider``). Nothing has to be installed.
"""
