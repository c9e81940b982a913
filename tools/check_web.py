"""Check the editor with node.js: types, lint, tests, and that web/dist is what its sources build.

Standard library alone: `python3 tools/check_web.py`. Where there is no node.js it says so and does nothing;
that the build is not stale is then held by tests/web/test_dist.py.
"""

import filecmp
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"
OLDEST = (20, 19)


def main() -> None:
    reason = why_not()
    if reason is not None:
        print(f"The editor's own checks are left out: {reason}.", flush=True)
        return
    install()
    for script in ("typecheck", "lint", "test"):
        npm("run", "--silent", script)
    with tempfile.TemporaryDirectory() as folder:
        npm("run", "--silent", "build", "--", "--outDir", folder, "--emptyOutDir", "--logLevel", "warn")
        found = differences(Path(folder), WEB / "dist")
    if found:
        sys.exit(f"web/dist is not what its sources build ({', '.join(found[:5])}): run `npm run build` in web/")


def why_not() -> str | None:
    """What keeps the checks from running here."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "there is no node.js"
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(map(int, said.removeprefix("v").split(".")[:2])) < OLDEST:
        return f"they need node.js {'.'.join(map(str, OLDEST))} or newer, and this is {said}"
    return None


def install() -> None:
    """What the lock file names, once for each lock file. No package's own scripts are run."""
    stamp = WEB / "node_modules" / ".installed"
    digest = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    stamp.write_text(digest)


def npm(*words: str) -> None:
    status = subprocess.call([shutil.which("npm") or "npm", *words], cwd=WEB)
    if status != 0:
        sys.exit(f"npm {' '.join(words[:3])} failed in web/")


def differences(left: Path, right: Path) -> list[str]:
    """Files that are not the same in both folders, or only in one of them."""
    names = {path.relative_to(root).as_posix() for root in (left, right) for path in root.rglob("*") if path.is_file()}
    return sorted(name for name in names if not _same(left / name, right / name))


def _same(left: Path, right: Path) -> bool:
    return left.is_file() and right.is_file() and filecmp.cmp(left, right, shallow=False)


if __name__ == "__main__":
    main()
