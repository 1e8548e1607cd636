//! What the door's thread and the others tell each other: commands to the engine, blocks and orders to the door.

use std::io::{self, Read, Write};
use std::mem;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::desk::{Desk, Work};
use super::places::Place;
use super::readiness::Row;
use crate::records::Record;

/// Orders to the door.
pub enum Order {
    /// This core owns the seat: let members in.
    Own(Box<Desk>),
    /// A block's records (without the BLOCK) are released.
    Released(Vec<Record>, Place),
    /// Another core owns the seat, or will.
    Fence(u32),
    /// Let every line in; answered once it is so.
    Open(Sender<()>),
    /// Say who is in, and how far.
    Board(Sender<Vec<Row>>),
    /// End in good order, once everything taken is answered.
    Close,
}

/// The state survives a thread that panicked while it held it: each change of it is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The door's letter box: who puts something in wakes it.
pub struct Mailbox {
    orders: Mutex<Vec<Order>>,
    bell: UnixStream,
    /// The highest epoch known of while another core owns the seat.
    pub epoch: AtomicU32,
    /// How many are connected.
    pub connections: AtomicUsize,
    /// How many of them are members who have logged on.
    pub sessions: AtomicUsize,
    /// Whether a core that owns the seat lets in the exchange alone as yet.
    pub held: AtomicBool,
}

/// A letter box, and the door's end of its bell.
pub fn mailbox() -> io::Result<(Arc<Mailbox>, UnixStream)> {
    let (bell, heard) = UnixStream::pair()?;
    bell.set_nonblocking(true)?;
    heard.set_nonblocking(true)?;
    let (orders, epoch) = (Mutex::new(Vec::new()), AtomicU32::new(0));
    Ok((
        Arc::new(Mailbox {
            orders,
            bell,
            epoch,
            connections: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            held: AtomicBool::new(false),
        }),
        heard,
    ))
}

impl Mailbox {
    /// Puts an order in.
    pub fn put(&self, order: Order) {
        let mut orders = lock(&self.orders);
        orders.push(order);
        if orders.len() == 1 {
            // A bell that cannot take another byte has been rung.
            let _ = (&self.bell).write(&[1]);
        }
    }

    /// Puts an order in that the door answers; `None` if it has not answered within this time.
    pub fn ask<T>(&self, order: impl FnOnce(Sender<T>) -> Order, within: Duration) -> Option<T> {
        let (answer, answered) = mpsc::channel();
        self.put(order(answer));
        answered.recv_timeout(within).ok()
    }

    /// Takes all orders out.
    pub fn take(&self, mut heard: &UnixStream) -> Vec<Order> {
        let mut rung = [0; 64];
        while heard.read(&mut rung).is_ok_and(|count| count == rung.len()) {}
        mem::take(&mut lock(&self.orders))
    }

    /// An epoch has been heard of.
    pub fn heard_of(&self, epoch: u32) {
        self.epoch.fetch_max(epoch, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Waiting {
    work: Work,
    over: bool,
}

/// Commands on their way to the engine.
#[derive(Default)]
pub struct Works {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

impl Works {
    /// Puts commands behind those that wait.
    pub fn put(&self, work: &mut Work) {
        let mut waiting = lock(&self.waiting);
        let before = waiting.work.records.len();
        if before == 0 {
            mem::swap(&mut waiting.work, work);
        } else {
            let alone = work.alone.drain(..).map(|at| before + at);
            waiting.work.alone.extend(alone);
            waiting.work.records.append(&mut work.records);
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Nothing more will come.
    pub fn end(&self) {
        lock(&self.waiting).over = true;
        self.news.notify_one();
    }

    /// Takes all that waits, at least one command; false when it is over and nothing is left. `work` is empty before.
    pub fn take(&self, work: &mut Work) -> bool {
        let waiting = lock(&self.waiting);
        let nothing = |waiting: &mut Waiting| waiting.work.records.is_empty() && !waiting.over;
        let mut waiting = self
            .news
            .wait_while(waiting, nothing)
            .unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut waiting.work, work);
        !work.records.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_comes_in_order_with_what_is_alone_at_its_place() {
        let works = Works::default();
        let of = |kinds: &[u8], alone: &[usize]| Work {
            records: kinds.iter().map(|&kind| Record([kind; 64])).collect(),
            alone: alone.to_vec(),
        };
        works.put(&mut of(&[1, 2], &[1]));
        works.put(&mut of(&[3, 4, 5], &[0, 2]));
        works.end();
        let mut work = Work::default();
        assert!(works.take(&mut work));
        assert_eq!(work, of(&[1, 2, 3, 4, 5], &[1, 2, 4]));
        work = Work::default();
        assert!(!works.take(&mut work));
    }

    #[test]
    fn a_bell_rings_once_for_what_waits() {
        let (mailbox, bell) = mailbox().unwrap();
        for _ in 0..3 {
            (0..5).for_each(|epoch| mailbox.put(Order::Fence(epoch)));
            assert_eq!(mailbox.take(&bell).len(), 5);
            assert!(mailbox.take(&bell).is_empty());
        }
    }
}
