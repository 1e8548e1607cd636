"""Figures of sessions and clients: `python bench/client.py`; one JSON line each, with its conditions. Asserts nothing.

The door runs in a process of its own; the core behind it answers every command with ACCEPTED and does nothing else, so
the figures are those of the two ends of the wire. CPU microseconds are each process's own: they hold on a machine that
does other things too, rates a second do not. steps: the pure machines alone, no socket. log-ons: every line connects,
proves its ticket and hears LOGGED_ON, all at once.
"""

import asyncio
import json
import multiprocessing
import os
import resource
import time
from multiprocessing.connection import Connection

import numpy as np

from evermarket.client import DayTicket, Line
from evermarket.client.gate import Gate, Heard, Ordered
from evermarket.client.proof import address_bytes, proof_of
from evermarket.records import HEADER, LAYOUT, Kind, Records, blank
from evermarket.records.session import LOG_ON, Resume, SessionKind, session_record
from evermarket.venue.identity.tickets import ticket_for
from evermarket.venue.protocol.events import Drained, Gone, Opened, Said
from evermarket.venue.sessions import Acceptor, Session, Terms
from evermarket.venue.sessions.events import Arrived, Connected, Told

HOST = "127.0.0.1"
SECRET = bytes(32)
TERMS = Terms(epoch=1, trading_day=20261123, secret=SECRET)
COMMANDS = 200_000
WINDOW = 4_096
MEMBERS = 1_000
ORDER = LAYOUT[Kind.ACCEPTED]
WELCOME = session_record(SessionKind.LOGGED_ON, epoch=TERMS.epoch, heartbeat_ms=TERMS.heartbeat_ms)


def say(figure: str, **facts: object) -> None:
    print(json.dumps({"bench": "client", "figure": figure, **facts, "cpus": os.cpu_count()}), flush=True)


class Echo:
    """Answers every command with ACCEPTED, an array a batch."""

    def __init__(self) -> None:
        self.door = Acceptor(TERMS, self)
        self.position = 0

    def step(self, event: Opened | Said | Drained | Gone) -> None:
        if isinstance(event, Said):
            self.door.tell(event.connection, self.accepted(event.commands))
        elif isinstance(event, Opened):
            self.door.tell(event.connection, WELCOME)

    def heartbeat(self, connection: str) -> Records:
        return session_record(SessionKind.HEARTBEAT, epoch=TERMS.epoch)

    def accepted(self, commands: Records) -> Records:
        rows = commands.view("V64").copy().view(HEADER)
        rows["kind"] = Kind.ACCEPTED
        rows["position"] = np.arange(self.position + 1, self.position + 1 + len(rows))
        self.position += len(rows)
        return rows


def serve(pipe: Connection) -> None:
    """The door's process: tells its port, then its CPU time whenever asked."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * MEMBERS + 500,) * 2)

    async def run() -> None:
        echo = Echo()
        pipe.send(await echo.door.open(HOST, 0))
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, pipe.recv):
            pipe.send(time.process_time())
        await echo.door.close()

    asyncio.run(run())


def ticket(line: int, port: int) -> DayTicket:
    key = ticket_for(SECRET, line, TERMS.trading_day, address_bytes(HOST))
    return DayTicket(line, TERMS.trading_day, key, (f"{HOST}:{port}",))


def cpu_of(pipe: Connection) -> float:
    pipe.send(True)
    return float(pipe.recv())


async def send_and_receive(port: int, pipe: Connection, batch: int, commands: int) -> None:
    """One line, `batch` commands an array, at most WINDOW unanswered."""
    answered = 0
    room = asyncio.Event()

    def told(records: Records) -> None:
        nonlocal answered
        answered += len(records)
        room.set()

    line = Line(ticket(1, port), told)
    await line.open()
    rows = blank(Kind.NEW, batch)
    begin, own, others = time.perf_counter(), time.process_time(), cpu_of(pipe)
    for sent in range(0, commands, batch):
        line.send(rows)
        while sent + batch - answered >= WINDOW:
            room.clear()
            await room.wait()
        await asyncio.sleep(0)
    while answered < commands:
        room.clear()
        await room.wait()
    wall_s, own_s, others_s = time.perf_counter() - begin, time.process_time() - own, cpu_of(pipe) - others
    await line.close()
    facts = {"commands_a_second": round(commands / wall_s), "client_cpu_us": round(own_s / commands * 1e6, 2)}
    say("send and receive", batch=batch, commands=commands, **facts, door_cpu_us=round(others_s / commands * 1e6, 2))


async def log_ons(port: int, pipe: Connection) -> None:
    lines = [Line(ticket(number, port), lambda records: None) for number in range(1, MEMBERS + 1)]
    begin, own, others = time.perf_counter(), time.process_time(), cpu_of(pipe)
    await asyncio.gather(*(line.open() for line in lines))
    wall_s, own_s, others_s = time.perf_counter() - begin, time.process_time() - own, cpu_of(pipe) - others
    await asyncio.gather(*(line.close() for line in lines))
    facts = {"a_second": round(MEMBERS / wall_s), "client_cpu_us": round(own_s / MEMBERS * 1e6)}
    say("log-ons at once", members=MEMBERS, **facts, door_cpu_us=round(others_s / MEMBERS * 1e6))


def session_steps(batch: int) -> None:
    """The core's end alone: bytes in, commands out."""
    session = Session("1", TERMS, {})
    address, nonce = address_bytes(HOST), bytes(32)
    session.step(Connected(0, address, nonce))
    row = session_record(SessionKind.LOG_ON, line=1, resume=Resume.RESUME, trading_day=TERMS.trading_day)
    row["proof"] = np.void(proof_of(ticket(1, 0).ticket, nonce, row))
    assert row.dtype == LOG_ON
    session.step(Arrived(0, row.tobytes()))
    session.step(Told(0, WELCOME))
    rows = blank(Kind.NEW, COMMANDS)
    rows["cl_ord_id"], rows["line"] = np.arange(1, COMMANDS + 1), 1
    data = rows.tobytes()
    begin = time.process_time()
    for at in range(0, len(data), 64 * batch):
        session.step(Arrived(0, data[at : at + 64 * batch]))
    say("door's step", batch=batch, cpu_us=round((time.process_time() - begin) / COMMANDS * 1e6, 3))


def gate_steps(batch: int) -> None:
    """The member's end alone: commands out, their outcomes in."""
    gate, echo = Gate(1, ("x:1",), lambda challenge, log_on: bytes(32)), Echo.__new__(Echo)
    echo.position = 0
    gate.start()
    gate.step(Heard(1, session_record(SessionKind.CHALLENGE, epoch=1).view(HEADER)))
    gate.step(Heard(1, WELCOME.view(HEADER)))
    rows = blank(Kind.NEW, COMMANDS)
    rows["cl_ord_id"], rows["line"] = np.arange(1, COMMANDS + 1), 1
    whole = rows.view("V64")
    batches = [whole[at : at + batch].view(HEADER) for at in range(0, COMMANDS, batch)]
    answers = [echo.accepted(part) for part in batches]
    begin = time.process_time()
    for part, answer in zip(batches, answers, strict=True):
        gate.step(Ordered(part))
        gate.step(Heard(1, answer))
    say("member's step", batch=batch, cpu_us=round((time.process_time() - begin) / COMMANDS * 1e6, 3))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * MEMBERS + 500,) * 2)
    for batch in (1, 64, 1_024):
        session_steps(batch)
        gate_steps(batch)
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=serve, args=(other,))
    process.start()
    port = pipe.recv()
    for batch, commands in ((1, COMMANDS // 10), (64, COMMANDS), (1_024, COMMANDS)):
        asyncio.run(send_and_receive(port, pipe, batch, commands))
    asyncio.run(log_ons(port, pipe))
    pipe.send(False)
    process.join()


if __name__ == "__main__":
    main()
