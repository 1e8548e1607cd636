"""The twin loads nothing of the primary: no crate, no file, no constant but the format's own."""

import re
import tomllib
from pathlib import Path

from evermarket.twin import Twin

STDERR = 2
TWIN = Path(__file__).parents[2] / "twin"
ALLOWED = re.compile(r"(evermarket-twin|ld-linux[^/]*|libc[.-][^/]*|libgcc_s[.-][^/]*|libm[.-][^/]*|\[[a-z_]+\])$")


def test_the_package_names_no_dependency() -> None:
    manifest = tomllib.loads((TWIN / "Cargo.toml").read_text("utf-8"))
    assert [manifest.get(name, {}) for name in ("dependencies", "dev-dependencies", "build-dependencies")] == [
        {},
        {},
        {},
    ]
    locked = tomllib.loads((TWIN / "Cargo.lock").read_text("utf-8"))
    assert [package["name"] for package in locked["package"]] == ["evermarket-twin"]
    assert not (TWIN / "build.rs").exists()


def test_no_source_takes_in_a_file_from_outside_its_package() -> None:
    taken = re.compile(r"include(?:_str|_bytes)?!\s*\(|#\[path")
    assert [path for path in TWIN.rglob("src/**/*.rs") if taken.search(path.read_text("utf-8"))] == []


def test_a_running_twin_maps_only_itself_and_the_system_libraries() -> None:
    with Twin() as twin:
        maps = Path(f"/proc/{twin._process.pid}/maps").read_text().splitlines()
        files = {line.split(maxsplit=5)[5] for line in maps if len(line.split(maxsplit=5)) == 6}
        assert {name for name in files if not ALLOWED.search(name)} == set()
        links = [link for link in Path(f"/proc/{twin._process.pid}/fd").iterdir() if int(link.name) > STDERR]
        opened = {str(link.readlink()) for link in links}
        assert {name for name in opened if name.startswith("/") and not name.startswith("/dev/")} == set()
