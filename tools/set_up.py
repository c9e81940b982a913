"""Make the environment in .venv, once; a second call with the same requirements does nothing.

Standard library alone, so that it runs on a bare machine: `python3 tools/set_up.py [--dev]`.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
FRONT_ENDS = {"comfyui-frontend-package": ("1.27.10", "1.58.1")}
"""Published front ends that a browser test drives, each version in a folder of its own; never shipped."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")  # as tests/web looks for them
CPU_BUILDS = "https://download.pytorch.org/whl/cpu/"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    dev = parser.parse_args().dev
    wanted = ROOT / ("requirements-dev.txt" if dev else "requirements.txt")
    if sys.version_info < (3, 11):  # noqa: UP036 — this file also meets older Pythons
        sys.exit(f"Patchbay needs Python 3.11 or newer; this is {sys.version.split()[0]}. Set PYTHON=python3.12, say.")
    stamp = ENVIRONMENT / f"{wanted.stem}.installed"
    digest = fingerprint(wanted)
    if dev:
        find_browser()
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    if not PYTHON.exists():
        make_environment()
    install(wanted)
    if dev:
        install_front_ends()
    stamp.write_text(digest)


def fingerprint(wanted: Path) -> str:
    files = {wanted, ROOT / "requirements.txt", ROOT / "constraints.txt"}
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files)) + repr(FRONT_ENDS).encode()).hexdigest()


def make_environment() -> None:
    print("Making the environment in .venv …", flush=True)
    if subprocess.call([sys.executable, "-m", "venv", str(ENVIRONMENT)]) == 0:
        return
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)  # what a failed attempt left would look like an environment
    if (
        shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0
    ):  # Debian keeps venv in a package of its own
        subprocess.check_call(["apt-get", "update", "-q"])
        subprocess.check_call(["apt-get", "install", "-y", "-q", "python3-venv"])
        subprocess.check_call([sys.executable, "-m", "venv", str(ENVIRONMENT)])
        return
    sys.exit("Python could not make an environment. On Debian and Ubuntu: sudo apt install python3-venv")


def find_browser() -> None:
    """The tests of the editor drive the system's Chromium; where there is none and this may install, it does."""
    if any(map(shutil.which, BROWSERS)):
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("Installing Chromium for the tests of the editor …", flush=True)
        if (
            subprocess.call(["apt-get", "update", "-q"]) == 0
            and subprocess.call(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]) == 0
        ):
            return
    print("There is no Chromium, so the tests of the editor are left out; on Debian: sudo apt install chromium")


def install(wanted: Path) -> None:
    print(f"Installing {wanted.name} into .venv; the first time this takes some minutes …", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    command += ["-r", str(wanted), "-c", str(ROOT / "constraints.txt")]
    if wants_cpu_build():
        command += ["--extra-index-url", CPU_BUILDS]
    subprocess.check_call(command)


def install_front_ends() -> None:
    for package, versions in FRONT_ENDS.items():
        for version in versions:
            folder = ENVIRONMENT / "front_ends" / version
            if not folder.exists():
                subprocess.check_call(
                    [
                        str(PYTHON),
                        "-m",
                        "pip",
                        "install",
                        "-q",
                        "--disable-pip-version-check",
                        "--no-deps",
                        "--target",
                        str(folder),
                        f"{package}=={version}",
                    ]
                )


def wants_cpu_build() -> bool:
    """On Linux, PyPI's torch brings gigabytes of CUDA along; without an NVIDIA driver that is for nothing."""
    if not sys.platform.startswith("linux") or shutil.which("nvidia-smi"):
        return False
    try:
        with urllib.request.urlopen(CPU_BUILDS, timeout=5):
            return True
    except OSError:
        return False  # out of reach: pip takes what its own configuration offers


if __name__ == "__main__":
    main()
