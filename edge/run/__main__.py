"""``python -m edge.run``: the same as the command ``polso``."""

from edge.run.cli import main

if __name__ == "__main__":
    main(prog_name="polso")
