"""`python -m talkpose`."""

from talkpose.cli import main

if __name__ == "__main__":
    main()
