"""Where the browser is that tests of pages drive."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)
"""None: the one that Playwright keeps for itself."""
