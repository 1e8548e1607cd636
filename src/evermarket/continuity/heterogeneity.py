"""How unlike the two cores are (異構率): three numbers, all of them from stored evidence.

- Structural: H_s = 1 - sum of weight x shared over the layers.
- Behavioural: H_b = 1 - |F_P and F_T| / |F_P or F_T| over found defects; F_P, F_T: those that made the primary or the
  twin wrong. An unclear rule counts for both: it is a common cause.
- Fatal: H_f = share of the faults that stop the primary and do not stop the twin: mutants that stop it on an input
  which the twin answers rightly, and defects that stopped it.

Beside them: the share of mutants of each core that the generated day kills (at least 95 %, R3) and the survivors.
"""

import csv
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

CORES: Final = ("primary", "twin")
BOTH: Final = {"both", "rule-unclear"}
ROUNDING: Final = 1e-9


class EvidenceError(ValueError):
    """A file of the evidence says what it may not say."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of the comparison; `shared` in [0, 1] with the reason for the number."""

    name: str
    weight: float
    shared: float
    why: str


@dataclass(frozen=True, slots=True)
class Mutants:
    """What became of the planted faults of one core."""

    answered: int
    stopped: int
    survivors: list[dict[str, str]]

    @property
    def total(self) -> int:
        return self.answered + self.stopped + len(self.survivors)

    @property
    def killed_share(self) -> float | None:
        """None without a run."""
        return (self.answered + self.stopped) / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Report:
    """The three numbers (None: no evidence yet) with the counts behind them."""

    structural: float
    behavioural: float | None
    fatal: float | None
    layers: list[Layer]
    wrong: dict[str, int]
    fatal_inputs: dict[str, int]
    mutants: dict[str, Mutants]


def report(folder: Path) -> Report:
    """Compute everything from a folder of evidence. Errors: EvidenceError, FileNotFoundError."""
    layers = _layers(folder / "weights.toml")
    defects = _rows(folder / "defects.csv")
    mutants = {core: _mutants(folder / f"mutants-{core}.csv") for core in CORES}
    wrong = {core: sum(_is_wrong(row, core) for row in defects) for core in CORES}
    wrong["both"] = sum(row["wrong"] in BOTH for row in defects)
    stops = [row["stopped"].split() for row in defects if "primary" in row["stopped"].split()]
    fatal = {
        "stop the primary": mutants["primary"].stopped + len(stops),
        "stop the twin too": sum("twin" in row for row in stops),
    }
    either = wrong["primary"] + wrong["twin"] - wrong["both"]
    return Report(
        structural=1 - sum(layer.weight * layer.shared for layer in layers),
        behavioural=1 - wrong["both"] / either if either else None,
        fatal=1 - fatal["stop the twin too"] / fatal["stop the primary"] if fatal["stop the primary"] else None,
        layers=layers,
        wrong=wrong,
        fatal_inputs=fatal,
        mutants=mutants,
    )


def numbers(found: Report) -> dict[str, float | None]:
    """What is kept of a release."""
    shares = {f"killed_{core}": found.mutants[core].killed_share for core in CORES}
    return {"structural": found.structural, "behavioural": found.behavioural, "fatal": found.fatal} | shares


def history(folder: Path) -> list[dict[str, Any]]:
    """The numbers of earlier releases, oldest first."""
    path = folder / "history.json"
    told: list[dict[str, Any]] = msgspec.json.decode(path.read_bytes()) if path.exists() else []
    return told


def add_release(folder: Path, name: str, found: Report) -> None:
    """Append a release. Errors: EvidenceError if the name is there already."""
    known = history(folder)
    if any(row["release"] == name for row in known):
        raise EvidenceError(f"history.json already has a release {name!r}")
    known.append({"release": name} | numbers(found))
    (folder / "history.json").write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=2) + b"\n")


def as_dict(found: Report) -> dict[str, Any]:
    """Everything, for JSON."""
    whole = asdict(found)
    for core in CORES:
        whole["mutants"][core]["killed_share"] = found.mutants[core].killed_share
    return whole


def _layers(path: Path) -> list[Layer]:
    layers = [Layer(**row) for row in tomllib.loads(path.read_text("utf-8"))["layer"]]
    total = sum(layer.weight for layer in layers)
    if abs(total - 1) > ROUNDING:
        raise EvidenceError(f"{path}: the weights add up to {total:g}, not to 1")
    for layer in layers:
        if not 0 <= layer.shared <= 1 or not layer.why:
            raise EvidenceError(f"{path}: layer {layer.name!r} needs shared between 0 and 1, and a reason")
    return layers


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for line, row in enumerate(rows, 2):
        if row["wrong"] not in {*CORES, *BOTH}:
            raise EvidenceError(
                f"{path}, line {line}: wrong is {row['wrong']!r}, not one of {', '.join((*CORES, *BOTH))}"
            )
    return rows


def _is_wrong(row: dict[str, str], core: str) -> bool:
    return row["wrong"] == core or row["wrong"] in BOTH


def _mutants(path: Path) -> Mutants:
    if not path.exists():
        return Mutants(0, 0, [])
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    counts = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in ("answer", "stop")}
    return Mutants(counts["answer"], counts["stop"], [row for row in rows if row["outcome"] == "survived"])
