"""``python -m alos``: the command line."""

from alos.cli.main import main

main()
