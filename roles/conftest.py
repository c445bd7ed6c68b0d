"""Plain ``pytest roles/<service>/checks`` has the toolkit's fixtures too; see ``smartcommune.verify.plugin``."""

pytest_plugins = ["smartcommune.verify.plugin"]
