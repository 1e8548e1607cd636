"""Write tests/vectors/scenarios from the stories: `python scripts/make_vectors.py [--check]`."""

import importlib
import pkgutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.vectors import stories  # noqa: E402
from tests.vectors.tale import Story, Tale  # noqa: E402

FOLDER = ROOT / "tests" / "vectors" / "scenarios"


def all_stories() -> dict[str, Story]:
    """Every function in a module's STORIES, by the name of its file."""
    found: dict[str, Story] = {}
    for module in pkgutil.iter_modules(stories.__path__):
        for story in importlib.import_module(f"tests.vectors.stories.{module.name}").STORIES:
            assert story.__name__ not in found, story.__name__
            found[story.__name__] = story
    return found


def file_text(story: Story) -> str:
    """The scenario file of a story; its docstring is the title."""
    tale = Tale(story.__doc__ or story.__name__)
    story(tale)
    return "\n".join(tale.lines()) + "\n"


def stale(check: bool) -> list[str]:
    """The files that differ from what they should be; they are written, and unknown ones removed, unless `check`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = {f"{name}.txt": file_text(story) for name, story in all_stories().items()}
    old = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.txt")}
    changed = sorted(name for name in {*texts, *old} if texts.get(name) != old.get(name))
    for name in changed if not check else []:
        if name in texts:
            (FOLDER / name).write_text(texts[name], "utf-8")
        else:
            (FOLDER / name).unlink()
    return changed


if __name__ == "__main__":
    wrong = stale("--check" in sys.argv)
    sys.exit(f"stale: {', '.join(wrong)}" if wrong and "--check" in sys.argv else 0)
