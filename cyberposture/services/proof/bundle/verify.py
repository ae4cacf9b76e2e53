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
    # What is compiled would lie among the files that were sealed; and what lies there compiled, or
    # as anything but the text that one reads, would be run in its place. Below a file lies nothing.
    sys.dont_write_bytecode = True
    sys.pycache_prefix = str(HOME / "verify.py")
    for path in sorted((HOME / "verifier").iterdir()):
        if path.name != "__pycache__" and (path.suffix != ".py" or not path.is_file()):
            print(f"FAILED  verifier/{path.name} is none of the program's, and could stand for it")
            sys.exit(1)
    # An isolated Python looks for modules in its own library alone.
    sys.path.append(str(HOME))
    from verifier.running import main

    sys.exit(main(sys.argv[1:], HOME))
