"""The command line: the only place that prints, prompts, and turns errors into exit codes."""
