"""``python -m smartcommune`` is the command line."""

from smartcommune.cli.main import main

if __name__ == "__main__":
    main()
