"""Lets `python -m cyberposture` start the command line."""

from cyberposture.cli.app import main

if __name__ == "__main__":
    main()
