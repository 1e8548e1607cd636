"""incident.html: a day with a switch in the middle, for a person: what happened, minute by minute, and the proof.

Everything on the page comes from files: the incident's, the members' own logs, the owner's journal.
"""

import json
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from evermarket.continuity.venue.incident import read_incidents
from evermarket.continuity.venue.plan import PRIMARY, TWIN, VenuePlan
from evermarket.continuity.venue.proof import InFlight, Proof, in_flight, prove, rows_of
from evermarket.day.report import SCRIPT, write_library
from evermarket.journal import Journal

BIN_MS: Final = 20
AROUND_MS: Final = 1_500
ROWS_SHOWN: Final = 40


class VenueReport(msgspec.Struct, frozen=True):
    """What the page says."""

    proof: Proof
    path: Path
    epochs: int
    in_flight: list[InFlight]


def write_report(plan: VenuePlan, owner: str, out: Path) -> VenueReport:
    """Hold the logs against the last owner's journal and write the page. Errors: those of the journal."""
    members, journal = plan.folder / "members", plan.own(owner) / "journal"
    incidents = read_incidents(plan.folder / "incidents")
    begun_ns = int(incidents[0][0]["at_ns"]) if incidents else 0
    epochs = Journal.open(journal).epochs()
    broke_at = epochs[-1].position if len(epochs) > 1 else 0
    proof = prove(members, journal, begun_ns, broke_at)
    flying = in_flight(members, begun_ns or proof.silence_from_ns, broke_at) if len(epochs) > 1 else []
    out.mkdir(parents=True, exist_ok=True)
    write_library(out)
    page = (
        _environment()
        .get_template("incident.html.j2")
        .render(
            plan=plan,
            owner=owner,
            proof=proof,
            incidents=[[_shown(step) for step in steps] for steps in incidents],
            epochs=[(one.epoch, PRIMARY if one.owner == 1 else TWIN, one.position) for one in epochs],
            flying=flying[:ROWS_SHOWN],
            flying_total=len(flying),
            by_core=sum(one.by == "old core" for one in flying),
            library=SCRIPT,
            data=json.dumps(_around(members, proof)),
        )
    )
    path = out / "incident.html"
    path.write_text(page, "utf-8")
    return VenueReport(proof, path, len(epochs), flying)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("evermarket.continuity.venue", "page"),
        autoescape=select_autoescape(["html", "j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment


def _shown(step: dict[str, Any]) -> dict[str, str]:
    facts = {name: value for name, value in step.items() if name not in ("at_ns", "ms", "step")}
    clock = time.strftime("%H:%M:%S", time.localtime(step["at_ns"] / 1e9))
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
    return {"clock": clock, "ms": f"{step['ms']:,.1f}", "step": step["step"], "said": said}


def _around(members: Path, proof: Proof) -> dict[str, list[float]]:
    """Records sent and told in bins of BIN_MS round the silence; 0 is its beginning."""
    edges = np.arange(-AROUND_MS, AROUND_MS + BIN_MS, BIN_MS)
    found: dict[str, list[float]] = {"ms": edges[:-1].tolist()}
    for name in ("sent", "told"):
        rows = rows_of(members / f"{name}.bin")
        ms = (rows[:, 0] - proof.silence_from_ns) / 1e6
        found[name] = np.histogram(ms, edges, weights=rows[:, 2])[0].tolist()
    return found
