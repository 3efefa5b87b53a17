"""`python -m cchc …`: see cchc.commands."""

import sys

from cchc.commands.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
