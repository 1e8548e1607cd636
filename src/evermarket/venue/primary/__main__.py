"""`python -m evermarket.venue.primary SETTINGS`: run a primary core until it is stopped or stops for good."""

import sys
from pathlib import Path

from evermarket.venue.primary.process import main
from evermarket.venue.primary.settings import read_settings

sys.exit(main(read_settings(Path(sys.argv[1]))))
