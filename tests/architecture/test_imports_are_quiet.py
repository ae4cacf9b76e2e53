"""Nothing is read, opened, started or connected when a module is imported."""

import subprocess
import sys

import pytest

LISTENER = '''
"""Import every module twice; the second time, libraries are loaded and only our code runs."""
import importlib, sys
names = sys.argv[1:]
for name in names:
    importlib.import_module(name)
for name in [name for name in sys.modules if name.split(".")[0] == "cyberposture"]:
    del sys.modules[name]
current = ""
heard = []
def hear(event, details):
    if event == "open":
        path = details[0]
        if isinstance(path, str) and not path.endswith((".py", ".pyc", ".so")):
            heard.append(f"{current} opens {path}")
    elif event.startswith(("socket.", "subprocess.", "sqlite3.", "os.system", "os.exec", "os.fork",
                           "os.posix_spawn", "os.mkdir", "os.remove", "os.rename", "shutil.")):
        heard.append(f"{current} does {event} {details!r}")
sys.addaudithook(hear)
for current in names:
    importlib.import_module(current)
current = "afterwards"
print("\\n".join(heard))
'''


def import_all(names, folder) -> list[str]:
    """Return what the modules in `folder` did beyond loading Python, in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-W", "ignore", "-c", LISTENER, *names],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": "", "HOME": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


@pytest.mark.slow
@pytest.mark.slow
def test_importing_any_module_opens_nothing(modules, checkout):
    names = [
        module.name
        for module in modules
        # Alembic runs the files of this folder itself, with a connection at hand.
        if ".store.migrations" not in module.name
    ]
    assert len(names) > 10
    assert import_all(names, checkout) == []


def test_the_listener_hears_a_module_that_opens_a_file(tmp_path):
    package = tmp_path / "cyberposture"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "loud.py").write_text("import os\nopen(os.devnull).close()\n")
    assert import_all(["cyberposture.loud"], tmp_path) == ["cyberposture.loud opens /dev/null"]
