//! A bounded queue of one producer and one consumer, without a lock.
//!
//! A ring of slots and two counters that only grow: `tail` (put in) is written by the sender alone, `head` (taken out) by the
//! receiver alone. Invariant: `head <= tail <= head + slots`; the slots of `head..tail` hold values, the others none. Each side
//! remembers the other's counter as last seen, so that in the usual case it touches only its own cache line.
//!
//! One sender and one receiver: neither handle can be cloned, and each method wants it exclusively.
//!
//! Tested: the stress test below, also under the thread sanitizer (`make sanitize`; docs/twin.md). With a release below made
//! relaxed it reports the values sent.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A counter alone on its cache lines (128 bytes: processors fetch lines in pairs).
#[repr(align(128))]
struct Padded(AtomicUsize);

struct Ring<T> {
    head: Padded,
    tail: Padded,
    sender_gone: AtomicBool,
    receiver_gone: AtomicBool,
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
}

// SAFETY: the slots are the only part that is not `Sync` by itself. A slot is written by the one sender before it moves
// `tail` over it (release) and read by the one receiver after it saw that (acquire), and the other way round with `head`: no slot is
// ever accessed from two threads without such an order between them. Values travel to another thread, so `T: Send`.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    fn slot(&self, counter: usize) -> *mut MaybeUninit<T> {
        self.slots[counter & (self.slots.len() - 1)].get()
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        let (head, tail) = (*self.head.0.get_mut(), *self.tail.0.get_mut());
        let mut counter = head;
        while counter != tail {
            // SAFETY: both handles are gone (this is the last owner), and the slots of head..tail hold values, each
            // dropped here once.
            unsafe { (*self.slot(counter)).assume_init_drop() };
            counter = counter.wrapping_add(1);
        }
    }
}

/// The end that puts in.
pub struct Sender<T> {
    ring: Arc<Ring<T>>,
    head_seen: usize,
}

/// The end that takes out.
pub struct Receiver<T> {
    ring: Arc<Ring<T>>,
    tail_seen: usize,
}

/// A queue of at least `slots` places (rounded up to a power of two).
pub fn queue<T: Send>(slots: usize) -> (Sender<T>, Receiver<T>) {
    let slots = slots.max(1).next_power_of_two();
    let ring = Arc::new(Ring {
        head: Padded(AtomicUsize::new(0)),
        tail: Padded(AtomicUsize::new(0)),
        sender_gone: AtomicBool::new(false),
        receiver_gone: AtomicBool::new(false),
        slots: (0..slots)
            .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
            .collect(),
    });
    (
        Sender {
            ring: ring.clone(),
            head_seen: 0,
        },
        Receiver { ring, tail_seen: 0 },
    )
}

impl<T> Sender<T> {
    /// Puts a value in if there is room, else gives it back.
    pub fn try_send(&mut self, value: T) -> Result<(), T> {
        // Relaxed: only this handle writes `tail`.
        let tail = self.ring.tail.0.load(Ordering::Relaxed);
        if tail.wrapping_sub(self.head_seen) == self.ring.slots.len() {
            // Acquire: what the receiver did with the slots it gave back comes before our writing them.
            self.head_seen = self.ring.head.0.load(Ordering::Acquire);
            if tail.wrapping_sub(self.head_seen) == self.ring.slots.len() {
                return Err(value);
            }
        }
        // SAFETY: `tail - head < slots`, so this slot is outside head..tail: it holds no value and the receiver does not look at
        // it before `tail` moves over it below. No other sender exists.
        unsafe { (*self.ring.slot(tail)).write(value) };
        // Release: the value is there before the counter says so.
        self.ring
            .tail
            .0
            .store(tail.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    /// Puts a value in, waiting for room; gives it back if the receiver is gone.
    pub fn send(&mut self, mut value: T) -> Result<(), T> {
        let mut wait = Wait::default();
        loop {
            if self.ring.receiver_gone.load(Ordering::Acquire) {
                return Err(value);
            }
            match self.try_send(value) {
                Ok(()) => return Ok(()),
                Err(back) => value = back,
            }
            wait.once();
        }
    }
}

impl<T> Receiver<T> {
    /// Takes a value out if there is one.
    pub fn try_receive(&mut self) -> Option<T> {
        // Relaxed: only this handle writes `head`.
        let head = self.ring.head.0.load(Ordering::Relaxed);
        if head == self.tail_seen {
            // Acquire: pairs with the release that followed the value's writing.
            self.tail_seen = self.ring.tail.0.load(Ordering::Acquire);
            if head == self.tail_seen {
                return None;
            }
        }
        // SAFETY: `head < tail`, so the slot holds a value whose writing we have acquired; moving `head` over it below makes
        // this the only time it is read. No other receiver exists.
        let value = unsafe { (*self.ring.slot(head)).assume_init_read() };
        // Release: our reading is over before the sender may write the slot again.
        self.ring
            .head
            .0
            .store(head.wrapping_add(1), Ordering::Release);
        Some(value)
    }

    /// Takes a value out, waiting for one; `None` once the sender is gone and nothing is left.
    pub fn receive(&mut self) -> Option<T> {
        let mut wait = Wait::default();
        loop {
            // Asked before looking: a value put in before the sender went is then seen.
            let gone = self.ring.sender_gone.load(Ordering::Acquire);
            if let Some(value) = self.try_receive() {
                return Some(value);
            }
            if gone {
                return None;
            }
            wait.once();
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.ring.sender_gone.store(true, Ordering::Release);
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.ring.receiver_gone.store(true, Ordering::Release);
    }
}

/// Waits ever more patiently: spins while the other side is likely at it, then lets others run, then sleeps.
#[derive(Default)]
pub struct Wait {
    rounds: u32,
}

impl Wait {
    /// Waits a little.
    pub fn once(&mut self) {
        match self.rounds {
            0..128 => std::hint::spin_loop(),
            128..192 => std::thread::yield_now(),
            _ => std::thread::sleep(Duration::from_micros(20)),
        }
        self.rounds = self.rounds.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_empty_are_told_and_order_is_kept() {
        let (mut sender, mut receiver) = queue(3);
        for value in 0..4 {
            assert_eq!(sender.try_send(value), Ok(()));
        }
        assert_eq!(sender.try_send(9), Err(9), "three places are four");
        assert!((0..4).all(|value| receiver.try_receive() == Some(value)));
        assert_eq!(receiver.try_receive(), None);
    }

    #[test]
    fn what_was_sent_before_the_sender_went_is_still_received() {
        let (mut sender, mut receiver) = queue(8);
        sender.try_send("last").unwrap();
        drop(sender);
        assert_eq!(
            (receiver.receive(), receiver.receive()),
            (Some("last"), None)
        );
        let (mut sender, receiver) = queue(8);
        drop(receiver);
        assert_eq!(sender.send(1), Err(1));
    }

    #[test]
    fn every_value_is_dropped_once() {
        let value = Arc::new(());
        let (mut sender, mut receiver) = queue(8);
        for _ in 0..6 {
            sender.try_send(value.clone()).unwrap();
        }
        drop(receiver.try_receive());
        drop((sender, receiver));
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn two_threads_lose_double_and_reorder_nothing() {
        for slots in [1, 2, 64, 1024] {
            let count = 200_000u64;
            let (mut sender, mut receiver) = queue::<Box<u64>>(slots);
            let sending = std::thread::spawn(move || {
                for value in 0..count {
                    sender.send(Box::new(value)).unwrap();
                }
            });
            for value in 0..count {
                assert_eq!(receiver.receive().as_deref(), Some(&value));
            }
            assert!(receiver.receive().is_none());
            sending.join().unwrap();
        }
    }
}
