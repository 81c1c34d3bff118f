"""Where the command `dedup-assets` and `python -m dedup_assets` begin.

Belongs here: what must be there before anything is imported. Does not belong here: commands (`cli.py`).
"""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback even while it is still being loaded."""
    try:
        from dedup_assets.cli import main as commands

        commands()
    except KeyboardInterrupt:
        print("\nInterrupted before anything was begun.", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
