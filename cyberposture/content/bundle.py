"""Finds the three content folders: a ministry's own edition, the wheel's, or the checkout's."""

from dataclasses import dataclass
from pathlib import Path

from cyberposture.errors import MissingService

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class ContentFolders:
    """Where the controls, scanners and reports of this process are read from."""

    root: Path

    @property
    def controls(self) -> Path:
        """The folder of catalogues."""
        return self.root / "controls"

    @property
    def scanners(self) -> Path:
        """The folder of scanner packs."""
        return self.root / "scanners"

    @property
    def reports(self) -> Path:
        """The folder of reports."""
        return self.root / "reports"

    def is_whole(self) -> bool:
        """Return whether all three folders are there."""
        return all(folder.is_dir() for folder in (self.controls, self.scanners, self.reports))


def find_content(own: Path | None) -> ContentFolders:
    """Return the content folders: `own` where given, else the package's, else the checkout's.

    Raises:
        MissingService: no place holds all three folders.
    """
    places = [own] if own is not None else [_PACKAGE / "_content", _PACKAGE.parent]
    for place in places:
        folders = ContentFolders(place)
        if folders.is_whole():
            return folders
    raise MissingService(
        f"no content: {', '.join(str(place) for place in places)} lacks controls, scanners or "
        "reports",
        advice="set CYBERPOSTURE_CONTENT to a folder that holds controls/, scanners/ and reports/",
    )
