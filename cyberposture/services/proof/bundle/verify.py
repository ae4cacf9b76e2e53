"""Verifies a bundle of evidence without the program that made it, and without a network.

    python3 -I -S verify.py [--key KEY] [FOLDER or FILE.zip]

It needs Python 3.11 or newer, and the folder `verifier` beside it, which holds all that it does.
Each line of its output is one thing that was looked at, with ok or FAILED, or a note; it ends with
0 where all is well and with 1 where anything is not. `--key` is the register's public key as you
know it from a receipt, a notice or a printed report: without it, the signatures are held against
the key in the bundle itself.
"""

import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent

if __name__ == "__main__":
    # What is compiled would lie among the files that were sealed.
    sys.dont_write_bytecode = True
    # An isolated Python looks for modules in its own library alone.
    sys.path.append(str(HOME))
    from verifier.running import main

    sys.exit(main(sys.argv[1:], HOME))
