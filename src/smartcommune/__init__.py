"""smartcommune provisions, verifies and reports smart communes from one declarative profile."""

__version__ = "0.1.0"
