//! `bench-door`: one client process against a door: orders a second to durable acknowledgement, and latency at a fixed rate.
//!
//! Lines buy and sell one unit in turn at one price, so that every second order trades. At a fixed rate the load is an open loop: the
//! time of an order runs from when it was due, not from when it could be sent.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::json::Object;
use crate::door::client::{Asked, Client};
use crate::door::poll::{Event, Poll, READABLE};
use crate::door::ticket::Key;
use crate::door::words::{LOG_OFF, PUBLIC_FLOW, QUICK, heartbeat, log_off, parting};
use crate::journal::bytes::bytes;
use crate::records::vocabulary::{kind, mode, phase};
use crate::records::{NO_PRICE, RECORD_BYTES, Record};

const PRICE: i64 = 400_000;
/// Every order type but those that become limit orders, and every change.
const ALLOW: u32 = 0x1F_003F;
/// Orders sent to one line at a time, and unanswered at most, at full speed.
const BURST: u64 = 256;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Load {
    /// The door.
    pub address: String,
    /// The day's secret.
    pub secret: Key,
    /// The day.
    pub trading_day: u32,
    /// Lines, from 1.
    pub lines: u16,
    /// Orders in all.
    pub orders: u64,
    /// Orders a second; `None` as fast as they are answered.
    pub rate: Option<u64>,
    /// Unanswered orders at most, at full speed.
    pub window: u64,
}

fn of(of: u8) -> Record {
    let mut record = Record::ZERO;
    record.0[16] = of;
    record
}

/// A book in continuous trading and the lines.
fn opening(lines: u16) -> Vec<Record> {
    let mut tick = of(kind::REF_TICK);
    tick.put(32, 100i64);
    tick.put(48, 1u16);
    let mut book = of(kind::REF_INSTRUMENT);
    book.put(28, 1u32);
    book.put(32, 1_000_000u32);
    book.put(48, 1u16);
    book.put(50, 1u16);
    book.put(52, ALLOW);
    book.put(58, 1u8);
    let mut prices = of(kind::REF_PRICES);
    prices.put(24, PRICE);
    prices.put(32, NO_PRICE);
    prices.put(40, NO_PRICE);
    prices.put(48, PRICE);
    for record in [&mut book, &mut prices] {
        record.put(18, 1u16);
        record.put(22, 1u16);
    }
    let mut continuous = of(kind::PHASE);
    continuous.put(20, u16::from(phase::CONTINUOUS));
    continuous.put(48, 1u16);
    continuous.put(50, mode::CONTINUOUS);
    continuous.put(52, ALLOW);
    let line = |line: u16| {
        let mut defined = of(kind::REF_LINE);
        defined.put(40, 7u32);
        defined.put(48, line);
        defined.put(52, line);
        defined
    };
    let mut all = vec![tick];
    all.extend((1..=lines).map(line));
    all.extend([book, prices, continuous]);
    all
}

fn order(line: u16, id: u64, number: u64) -> Record {
    let mut new = of(kind::NEW);
    new.put(18, 1u16);
    new.put(22, 1u16);
    new.put(24, id);
    new.put(32, PRICE);
    new.put(40, 1u32);
    new.put(52, line);
    new.0[54..57].copy_from_slice(&[1 + (number % 2) as u8, 2, 1]);
    new
}

impl Load {
    fn enter(&self, line: u16, wish: u8) -> io::Result<(TcpStream, u64)> {
        let mut client = Client::connect(&self.address)?;
        let asked = Asked {
            line,
            trading_day: self.trading_day,
            position: 0,
            resume: QUICK,
            wish,
        };
        let refused = |record: Record| {
            let (kind, code) = (record.kind(), record.code());
            io::Error::other(format!("line {line}: kind {kind}, code {code}"))
        };
        let logged_on = client.log_on(&self.secret, &asked)?.map_err(refused)?;
        Ok((client.stream, logged_on.last_id))
    }

    fn open_market(&self) -> io::Result<()> {
        let (mut exchange, _) = self.enter(0, PUBLIC_FLOW)?;
        let goodbye = log_off(parting::MEMBER);
        exchange.write_all(bytes(&opening(self.lines)))?;
        let mut record = [0; RECORD_BYTES];
        exchange.read_exact(&mut record)?;
        exchange.write_all(&goodbye.0)?;
        exchange.read_to_end(&mut Vec::new()).map(|_| ())
    }

    /// When the k-th order is due.
    fn due(&self, number: u64) -> Duration {
        let due = |rate| Duration::from_nanos(number * 1_000_000_000 / rate);
        self.rate.map_or(Duration::ZERO, due)
    }

    /// Opens the market unless it is open, sends, and waits for every answer; a line of JSON.
    pub fn run(&self) -> io::Result<String> {
        let (probe, used) = self.enter(1, 0)?;
        drop(probe);
        if used == 0 {
            self.open_market()?;
        }
        let mut lines = Vec::new();
        for line in 1..=self.lines {
            lines.push(self.enter(line, 0)?);
            // Who waits for others to log on must not be taken for silent.
            if line % 100 == 0 {
                let sign = heartbeat(0, 0, 0);
                let mut all = lines.iter_mut();
                all.try_for_each(|(stream, _)| stream.write_all(&sign.0))?;
            }
        }
        let answered = AtomicU64::new(0);
        let began = Instant::now();
        let firsts: Vec<u64> = lines.iter().map(|line| line.1).collect();
        let inputs = lines.iter().map(|line| line.0.try_clone());
        let inputs: Vec<TcpStream> = inputs.collect::<io::Result<_>>()?;
        let (latencies, wall) = thread::scope(|scope| {
            let hearing = scope.spawn(|| {
                let heard = self.hear(&inputs, &firsts, &answered, began);
                // However it ended, the sender waits for no more answers.
                answered.store(self.orders, Ordering::Release);
                heard
            });
            self.send(&mut lines, &answered, began)?;
            hearing
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the reader panicked")))
        })?;
        Ok(self.line(latencies, wall))
    }

    fn send(
        &self,
        lines: &mut [(TcpStream, u64)],
        answered: &AtomicU64,
        began: Instant,
    ) -> io::Result<()> {
        let (mut number, mut block) = (0, Vec::new());
        let burst = if self.rate.is_some() { 1 } else { BURST };
        for turn in 0.. {
            if number >= self.orders {
                break;
            }
            let at = turn % lines.len();
            let (stream, last) = &mut lines[at];
            block.clear();
            for _ in 0..burst.min(self.orders - number) {
                *last += 1;
                block.push(order(at as u16 + 1, *last, number));
                number += 1;
            }
            if self.rate.is_some() {
                let due = self.due(number - 1);
                while began.elapsed() < due {
                    let left = due.saturating_sub(began.elapsed());
                    thread::sleep(left.saturating_sub(Duration::from_micros(60)));
                    thread::yield_now();
                }
            } else {
                while number.saturating_sub(answered.load(Ordering::Acquire)) > self.window {
                    thread::sleep(Duration::from_micros(20));
                }
            }
            stream.write_all(bytes(&block))?;
        }
        Ok(())
    }

    /// Counts the answers; how long each order took from when it was due.
    fn hear(
        &self,
        inputs: &[TcpStream],
        firsts: &[u64],
        answered: &AtomicU64,
        began: Instant,
    ) -> io::Result<(Vec<u64>, Duration)> {
        let poll = Poll::new()?;
        for (key, input) in (0..).zip(inputs) {
            poll.add(input, key, READABLE)?;
        }
        let mut events = vec![Event::NONE; inputs.len()];
        let mut parts: Vec<Vec<u8>> = vec![Vec::new(); inputs.len()];
        let (mut buffer, mut latencies) = (vec![0; 1 << 17], Vec::new());
        let mut count = 0;
        while count < self.orders {
            let came = poll.wait(&mut events, 1_000)?.len();
            for event in &events[..came] {
                let at = event.key() as usize;
                let read = (&inputs[at]).read(&mut buffer)?;
                let now = began.elapsed();
                let part = &mut parts[at];
                part.extend_from_slice(&buffer[..read]);
                let whole = part.len() / RECORD_BYTES * RECORD_BYTES;
                for record in part[..whole].chunks_exact(RECORD_BYTES) {
                    match record[16] {
                        kind::ACCEPTED | kind::REJECTED => count += 1,
                        LOG_OFF => {
                            return Err(io::Error::other(format!("cut off: {}", record[20])));
                        }
                        _ => continue,
                    }
                    if self.rate.is_some() {
                        let id = u64::from_le_bytes(std::array::from_fn(|i| record[24 + i]));
                        let turn = id - firsts[at] - 1;
                        let due = self.due(turn * inputs.len() as u64 + at as u64);
                        latencies.push(now.saturating_sub(due).as_nanos() as u64);
                    }
                }
                part.drain(..whole);
                if read == 0 {
                    return Err(io::Error::other("the door hung up"));
                }
            }
            answered.store(count, Ordering::Release);
        }
        Ok((latencies, began.elapsed()))
    }

    fn line(&self, mut latencies: Vec<u64>, wall: Duration) -> String {
        let rate = (self.orders as f64 / wall.as_secs_f64()) as u64;
        let told = Object::new()
            .value("lines", self.lines)
            .value("orders", self.orders)
            .value("wall_ms", wall.as_millis())
            .value("orders_per_s", rate);
        if latencies.is_empty() {
            return told.line();
        }
        latencies.sort_unstable();
        let at = |permille: usize| latencies[(latencies.len() - 1) * permille / 1000] / 1000;
        told.value("p50_us", at(500))
            .value("p99_us", at(990))
            .value("p999_us", at(999))
            .value("max_us", at(1000))
            .line()
    }
}
