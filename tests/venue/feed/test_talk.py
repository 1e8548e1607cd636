"""The grammar of the stream for people, and what its frames say, without any socket."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermarket.core import Core
from evermarket.records import NO_PRICE
from evermarket.records.units import SECOND_NS
from evermarket.venue.feed.board import Board, Topic, WebChannel, decimal
from evermarket.venue.feed.book import FeedFold
from evermarket.venue.feed.snapshot import level_snapshot
from evermarket.venue.feed.talk import REQUESTS_A_SECOND_MAX, WAITING_TRADES_MAX, Talk
from tests.venue.feed.streams import SEEDS, blocks, whole

KEY = "open sesame"


def board_of(seed: int = SEEDS[0], length: int = 150) -> Board:
    fold, board = FeedFold(), Board()
    for block in whole(seed, length):
        board.apply(fold.take(block).by_level, ())
    return board


def admitted(board: Board) -> Talk:
    talk = Talk(board, KEY.__eq__)
    assert say(talk, event="auth", data={"apikey": KEY}) == [
        {"event": "authenticated", "data": {"message": "Authenticated successfully"}}
    ]
    return talk


def say(talk: Talk, now_ns: int = 0, **request: Any) -> list[dict[str, Any]]:
    return [json.loads(answer) for answer in talk.say(json.dumps(request), now_ns)]


@given(st.one_of(st.just(NO_PRICE), st.integers(-(10**12), 10**12)))
def test_a_price_is_written_so_that_it_can_be_read_back(price: int) -> None:
    text = decimal(price)
    if price == NO_PRICE:
        assert text is None
        return
    assert text is not None
    whole_part, _, rest = text.lstrip("-").partition(".")
    back = int(whole_part) * 10_000 + int(rest.ljust(4, "0"))
    assert (-back if text.startswith("-") else back) == price
    assert not rest.endswith("0")


def test_a_book_is_told_as_the_field_writes_it() -> None:
    board = board_of()
    symbol = board.symbols()[0]
    talk = admitted(board)
    subscribed, first = say(talk, event="subscribe", data={"channel": "books", "symbol": symbol})
    told = {"id": f"books:{symbol}", "channel": "books", "symbol": symbol, "intraday_odd_lot": False}
    assert subscribed == {"event": "subscribed", "data": told}
    book = board.find(symbol, 1)
    assert book is not None
    bids, asks = book.told_levels()
    assert first["event"] == "snapshot"
    assert first["seq"] == board.seq
    assert [(row["price"], row["size"]) for row in first["data"]["bids"]] == [(decimal(p), q) for p, q, _ in bids]
    assert [(row["price"], row["size"]) for row in first["data"]["asks"]] == [(decimal(p), q) for p, q, _ in asks]


def test_only_what_is_wanted_is_told_and_states_are_told_once() -> None:
    fold, board = FeedFold(), Board()
    stream = whole(SEEDS[0], 300, size=20)
    board.apply(fold.take(stream[0]).by_level, ())
    symbol = board.symbols()[0]
    wanted = {Topic(WebChannel.TRADES, symbol, 1), Topic(WebChannel.BOOKS, symbol, 1)}
    for block in stream[1:]:
        records = fold.take(block).by_level
        frames = board.apply(records, wanted)
        trades = [frame for frame in frames if frame.topic.channel == WebChannel.TRADES]
        assert {frame.topic for frame in frames} <= wanted
        assert len(frames) - len(trades) <= 1
        book = board.find(symbol, 1)
        assert book is not None
        of_it = (records["instrument"] == book.instrument) & (records["attributes"] == 1)
        assert len(trades) == int((of_it & (records["kind"] == 133)).sum())


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"event": "subscribe", "data": {"channel": "candle", "symbol": "x"}}, "channel 'candle' is none of"),
        ({"event": "subscribe", "data": {"channel": "books", "symbol": "999999"}}, "symbol '999999' is not known"),
        ({"event": "subscribe", "data": {"channel": "books"}}, "names a symbol"),
        ({"event": "subscribe", "data": {"channel": "books", "symbols": []}}, "names a symbol"),
        ({"event": "subscribe", "data": {"channel": ["books"], "symbol": "1101"}}, "is none of"),
        ({"event": "unsubscribe", "data": {"id": "books:1"}}, "no subscription"),
        ({"event": "dance"}, "event 'dance' is none of"),
        ({"data": {}}, "not a request"),
        ([], "not a request"),
    ],
)
def test_a_mistake_is_answered_and_changes_nothing(request_: Any, sentence: str) -> None:
    talk = admitted(board_of())
    (answer,) = (json.loads(one) for one in talk.say(json.dumps(request_), 0))
    assert answer["event"] == "error"
    assert sentence in answer["data"]["message"]
    assert not talk.topics
    assert not talk.is_over


def test_nobody_hears_anything_before_auth_and_a_wrong_key_ends_it() -> None:
    talk = Talk(board_of(), KEY.__eq__)
    assert "auth comes first" in say(talk, event="subscribe", data={})[0]["data"]["message"]
    assert say(talk, event="ping", data={"state": "here"})[0]["data"]["state"] == "here"
    assert say(talk, event="auth", data={"apikey": "guess"})[0]["event"] == "error"
    assert talk.is_over
    assert not talk.is_admitted


def test_who_unsubscribes_hears_no_more() -> None:
    board = board_of()
    symbols = board.symbols()[:2]
    talk = admitted(board)
    say(talk, event="subscribe", data={"channel": "books", "symbols": symbols})
    assert [row["id"] for row in say(talk, event="subscriptions")[0]["data"]] == [f"books:{one}" for one in symbols]
    gone = say(talk, event="unsubscribe", data={"id": f"books:{symbols[0]}"})
    assert gone[0]["data"]["symbol"] == symbols[0]
    for topic in (Topic(WebChannel.BOOKS, symbol, 1) for symbol in symbols):
        talk.offer(board.frame("data", topic, {}))
    assert [json.loads(data)["id"] for data in talk.take()] == [f"books:{symbols[1]}"]
    assert talk.take() == []


def test_a_state_that_waits_is_replaced_and_trades_that_wait_are_bounded() -> None:
    board = board_of()
    symbol = board.symbols()[0]
    talk = admitted(board)
    for channel in ("books", "trades"):
        say(talk, event="subscribe", data={"channel": channel, "symbol": symbol})
    for n in range(WAITING_TRADES_MAX):
        talk.offer(board.frame("data", Topic(WebChannel.BOOKS, symbol, 1), {"n": n}))
        talk.offer(board.frame("data", Topic(WebChannel.TRADES, symbol, 1), {"n": n}))
    assert not talk.is_over
    waiting = [json.loads(data) for data in talk.take()]
    assert [row["data"]["n"] for row in waiting] == [*range(WAITING_TRADES_MAX), WAITING_TRADES_MAX - 1]
    for n in range(WAITING_TRADES_MAX + 1):
        talk.offer(board.frame("data", Topic(WebChannel.TRADES, symbol, 1), {"n": n}))
    assert talk.is_over


def test_a_loud_client_is_told_so_and_ended() -> None:
    talk = admitted(board_of())
    for n in range(REQUESTS_A_SECOND_MAX - 1):
        assert say(talk, event="ping", data={"state": n})[0]["event"] == "pong"
    assert say(talk, SECOND_NS, event="ping")[0]["event"] == "pong"
    for _ in range(REQUESTS_A_SECOND_MAX):
        answer = say(talk, SECOND_NS, event="ping")[0]
    assert "requests in a second" in answer["data"]["message"]
    assert talk.is_over


def test_a_board_from_a_snapshot_says_the_same_as_one_that_was_there() -> None:
    fold, board, late = FeedFold(), Board(), Board()
    for block in blocks(Core(), SEEDS[1]):
        board.apply(fold.take(block).by_level, ())
    late.stand(level_snapshot(fold), board.seq)
    assert late.symbols() == board.symbols()
    for symbol in board.symbols():
        topic = Topic(WebChannel.BOOKS, symbol, 1)
        if board.find(symbol, 1) is None:
            continue
        mine, theirs = (json.loads(one.first(topic).data) for one in (board, late))
        assert {**mine["data"], "time": 0} == {**theirs["data"], "time": 0}
