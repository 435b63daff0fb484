"""`python -m daemon` is `severa-gcal`."""

from daemon.cli import main

if __name__ == "__main__":
    main()
