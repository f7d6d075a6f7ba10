"""A browser for ``alos login``: ``python login_browser.py ADDRESS``; somebody says yes to all."""

import sys

from tests.directory.providers import browse

if __name__ == "__main__":
    browse(sys.argv[1])
