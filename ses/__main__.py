"""`python -m ses` is the command `ses`."""

from ses.cli.main import main

if __name__ == "__main__":
    main()
