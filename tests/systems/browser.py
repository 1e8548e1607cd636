"""Where the browser is that tests of pages drive."""

import shutil

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
"""None: the one that Playwright keeps for itself."""
