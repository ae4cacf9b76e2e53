"""Makes the report factories of the unit tests importable by the tests of the report folders."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "reporting"))
