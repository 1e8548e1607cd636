"""Write src/evermarket/rulebook/calendars/*.toml from the package exchange_calendars and our corrections.

Run: `uv run --frozen python scripts/make_calendars.py`. It needs the development dependencies. A closure is a weekday
without trading; an addition is a Saturday or Sunday with trading. Days nobody has announced yet cannot be known: the
covered range ends with the last year whose holidays are announced (`LAST_DAY`), not where the package ends.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import exchange_calendars

FOLDER = Path(__file__).resolve().parents[1] / "src" / "evermarket" / "rulebook" / "calendars"
FIRST_DAY = date(2014, 1, 1)
LAST_DAY = {"XTAI": date(2026, 12, 31), "XSHG": date(2026, 12, 31)}
ZONE = {"XTAI": "Asia/Taipei", "XSHG": "Asia/Shanghai"}

# Where the package is wrong, checked against days with real trades (2015-01 to 2025-08).
XTAI_CLOSED = {
    date(2022, 2, 4): "Lunar New Year",
    date(2023, 1, 18): "Lunar New Year: settlement only",
    date(2024, 10, 31): "typhoon",
}
XTAI_MAKE_UP = (
    date(2016, 1, 30),
    date(2016, 6, 4),
    date(2016, 9, 10),
    date(2017, 2, 18),
    date(2017, 6, 3),
    date(2017, 9, 30),
    date(2018, 3, 31),
    date(2018, 12, 22),
)
# Found beside them: the package's reasons are rule names, these are what the day was.
XTAI_REASONS = {
    date(2014, 7, 23): "typhoon",
    date(2015, 7, 10): "typhoon",
    date(2015, 9, 29): "typhoon",
    date(2016, 7, 8): "typhoon",
    date(2016, 9, 27): "typhoon",
    date(2016, 9, 28): "typhoon",
    date(2019, 8, 9): "typhoon",
    date(2019, 9, 30): "typhoon",
    date(2023, 8, 3): "typhoon",
    date(2024, 7, 24): "typhoon",
    date(2024, 7, 25): "typhoon",
    date(2024, 10, 2): "typhoon",
    date(2024, 10, 3): "typhoon",
}


def rule_names(calendar: Any, first: date, last: date) -> dict[date, str]:
    """The package's name of the holiday on each day it has a named rule for."""
    rules = calendar.regular_holidays
    if rules is None:
        return {}
    named = rules.holidays(first.isoformat(), last.isoformat(), return_name=True)
    return {stamp.date(): str(name).strip() for stamp, name in named.items()}


# Reasons by season for days that the package lists one by one: (market, first month-day, last month-day, reason).
SEASONS = (
    ("", "01-01", "01-03", "New Year"),
    ("", "12-31", "12-31", "New Year"),
    ("XTAI", "01-04", "02-26", "Lunar New Year"),
    ("XSHG", "01-04", "02-28", "Spring Festival"),
    ("", "04-01", "04-08", "Tomb Sweeping Day"),
    ("XSHG", "04-29", "05-05", "Labour Day"),
    ("", "05-25", "06-30", "Dragon Boat Festival"),
    ("XSHG", "09-01", "09-07", "Victory Day"),
    ("", "09-08", "09-30", "Mid-Autumn Festival"),
    ("XTAI", "10-01", "10-08", "Mid-Autumn Festival"),
    ("XSHG", "10-01", "10-08", "National Day"),
)


def season_reason(market: str, day: date) -> str:
    """The season's holiday, or nothing where the season leaves a doubt."""
    month_day = f"{day:%m-%d}"
    found = (reason for where, first, last, reason in SEASONS if where in ("", market) and first <= month_day <= last)
    return next(found, "")


def closures(market: str) -> list[tuple[date, str]]:
    """Every closed weekday of the covered range with its reason, corrected."""
    last = LAST_DAY[market]
    calendar = exchange_calendars.get_calendar(market, start=FIRST_DAY.isoformat())
    sessions = {stamp.date() for stamp in calendar.sessions}
    if market == "XTAI":
        sessions -= set(XTAI_CLOSED)
    names = rule_names(calendar, FIRST_DAY, last)
    if market == "XTAI":
        names |= XTAI_REASONS | XTAI_CLOSED
    days = (FIRST_DAY + timedelta(offset) for offset in range((last - FIRST_DAY).days + 1))
    closed = [day for day in days if day.weekday() < 5 and day not in sessions]
    return [(day, names.get(day) or season_reason(market, day)) for day in closed]


def calendar_text(market: str) -> str:
    """The file of one market."""
    version = exchange_calendars.__version__
    lines = [
        f"# Trading calendar {market}: weekdays without trading, and days of the weekend with it. One line a day.",
        f"# Made by scripts/make_calendars.py from exchange_calendars {version}, corrected by days with real trades.",
        "# Closures announced late (typhoons) are new lines here. Past `last_day` there is no answer, only an error.",
        f'market = "{market}"',
        f'zone = "{ZONE[market]}"',
        f"first_day = {FIRST_DAY}",
        f"last_day = {LAST_DAY[market]}",
        "closed = [",
        *(f'  {{ day = {day}, reason = "{reason}" }},' for day, reason in closures(market)),
        "]",
        "added = [",
    ]
    added = XTAI_MAKE_UP if market == "XTAI" else ()
    lines += [f'  {{ day = {day}, reason = "make-up Saturday" }},' for day in added]
    return "\n".join([*lines, "]", ""])


def main() -> None:
    """Write both files."""
    for market in LAST_DAY:
        path = FOLDER / f"{market}.toml"
        path.write_text(calendar_text(market), encoding="utf-8")
        print(f"wrote {path.name}: {len(closures(market))} closures")


if __name__ == "__main__":
    main()
