"""`python -m reduse.cli`."""

from reduse.cli.main import main

if __name__ == "__main__":
    main()
