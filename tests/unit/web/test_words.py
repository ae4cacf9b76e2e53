"""The words of the portal: each subject says the same things in both languages."""

import pytest

from cyberposture.reporting.words import load_words
from cyberposture.web.surroundings import HERE

FOLDERS = sorted(one for one in (HERE / "words").iterdir() if one.is_dir())


def stems(keys):
    """Return the keys without the forms of plurals, which differ between languages."""
    return {key.rsplit(".", 1)[0] if key.endswith((".zero", ".one", ".other")) else key
            for key in keys}  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_both_languages_say_the_same_things(folder, tmp_path):
    # Read alone, as if it were the first language, so that nothing is filled in from English.
    (tmp_path / "words.en.yaml").write_text((folder / "words.ur.yaml").read_text())
    english, urdu = (stems(load_words([one], "en").keys) for one in (folder, tmp_path))
    assert english - urdu == set()
