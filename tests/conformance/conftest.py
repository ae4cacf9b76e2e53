"""Makes the world of the portal and the reports' factories importable here."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
for folder in ("web", "browser", "unit/reporting"):
    sys.path.insert(0, str(TESTS / folder))
