"""Invented codes and names in the Taiwan style: four digits for stocks, 00 funds, 02 notes, 03 to 08 warrants.

A code may by chance be one that exists: four digits leave no room. Names are put together from syllables and mean
nobody. Codes are unique on the board; a derived code (preferred, convertible, warrant name) names its underlying.
"""

from typing import Final

from evermarket.sim.kernels import Dice

_FIRST: Final = "晨旭嵐澄璟曜翊岑沐穎霽昊墨磐禾朔瀚青漢維凌岳川彥"
_SECOND: Final = "鋒域庭衡泉礎峰翔洋達源隆寶盛勤昇晟揚邦頤森亞成"
_TRADE: Final = ("", "電", "科", "鋼", "化", "紡", "食", "金", "航", "建", "光", "生技", "控", "機", "通")
_ISSUER: Final = ("甲信", "乙豐", "丙泰", "丁盛", "戊元", "己銀")
_THEME: Final = ("高息", "科技", "中型", "永續", "半導體", "金融", "低波", "價值")
_ABROAD: Final = ("美股", "日股", "歐股", "越股", "全球", "美債")


class Namer:
    """Gives each security of one board a code and a name nobody else on it has."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._taken: set[str] = set()
        self._names: set[str] = set()
        self._serial: dict[str, int] = {}

    def stock(self, suffix: str = "") -> tuple[str, str]:
        """A company: four digits from 1101 on."""
        while (code := str(self._dice.between(1101, 8999))) in self._taken:
            pass
        self._taken.add(code)
        while (name := self._company()) in self._names:
            pass
        self._names.add(name)
        return code, name + suffix

    def receipt(self) -> tuple[str, str]:
        """A depositary receipt: 91 and four digits."""
        return self._next("91", 4, 1001), self._company() + "-DR"

    def fund(self, kind: str) -> tuple[str, str]:
        """A fund: 00 and digits, L for twice, R for inverse."""
        name = self._dice.below(len(_ISSUER))
        theme = (_ABROAD if kind == "foreign" else _THEME)[self._dice.below(6)]
        issuer = _ISSUER[name]
        if kind == "double":
            return self._next("00", 3, 631) + "L", f"{issuer}{theme}正2"
        if kind == "inverse":
            return self._next("00", 3, 631) + "R", f"{issuer}{theme}反1"
        return self._next("00", 3, 631), f"{issuer}{theme}"

    def note(self) -> tuple[str, str]:
        """An exchange traded note: 02 and four digits."""
        issuer, theme = self._dice.below(len(_ISSUER)), self._dice.below(len(_THEME))
        return self._next("02", 4, 1), f"{_ISSUER[issuer]}{_THEME[theme]}N"

    def trust(self) -> tuple[str, str]:
        """A real estate trust: 01, three digits, T."""
        return self._next("01", 3, 1) + "T", f"{_ISSUER[self._dice.below(len(_ISSUER))]}R{self._serial['01']}"

    def warrant(self, *, put: bool, underlying: str) -> tuple[str, str]:
        """A warrant: 03 and four digits, a put 03, three digits and P."""
        issuer = _ISSUER[self._dice.below(len(_ISSUER))]
        month = self._dice.between(1, 12)
        if put:
            return self._next("03", 3, 1) + "P", f"{underlying}{issuer}{month:02d}售{self._serial['03']:02d}"
        return self._next("04", 4, 1), f"{underlying}{issuer}{month:02d}購{self._serial['04']:02d}"

    def bond(self) -> tuple[str, str]:
        """A corporate bond."""
        return self._next("B", 5, 40_101), f"P{self._dice.between(10, 15)}{self._company()}"

    def _company(self) -> str:
        parts = (_FIRST, _SECOND, _TRADE)
        return "".join(part[self._dice.below(len(part))] for part in parts)

    def _next(self, prefix: str, digits: int, first: int) -> str:
        serial = self._serial.get(prefix, first - 1) + 1
        self._serial[prefix] = serial
        return f"{prefix}{serial:0{digits}d}"
