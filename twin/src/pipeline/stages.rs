//! Decode, work, encode: three stages over items that travel round, each stage on the caller's thread or on its own.
//!
//! The worker always stays on the caller's thread, so a core need not be movable between threads. Items come back from
//! the last stage to the first over a queue of their own: after the first round nothing is allocated. A stage that fails
//! drops its ends of the queues, which ends the others.

use super::queue::{Receiver, Sender, queue};

/// Items on their way at once.
const ITEMS: usize = 16;

/// Which stages get a thread of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// The first stage.
    pub decode: bool,
    /// The last stage.
    pub encode: bool,
}

/// Runs the stages until `decode` says `false` (no more) or one fails; the first failure in the order of the stages is told.
pub fn run<T: Default + Send>(
    apart: Apart,
    decode: impl FnMut(&mut T) -> Result<bool, String> + Send,
    work: impl FnMut(&mut T) -> Result<(), String>,
    encode: impl FnMut(&mut T) -> Result<(), String> + Send,
) -> Result<(), String> {
    let (mut give_back, back) = queue::<T>(ITEMS);
    for _ in 0..ITEMS {
        let _ = give_back.try_send(T::default());
    }
    let (to_work, from_decode) = queue::<T>(ITEMS);
    let (to_encode, from_work) = queue::<T>(ITEMS);
    match (apart.decode, apart.encode) {
        (false, false) => single(decode, work, encode),
        (true, false) => std::thread::scope(|scope| {
            let first = scope.spawn(move || source(decode, back, to_work));
            let rest = sink(both(work, encode), from_decode, give_back);
            joined(first).and(rest)
        }),
        (false, true) => std::thread::scope(|scope| {
            let last = scope.spawn(move || sink(encode, from_work, give_back));
            let first = source(then(decode, work), back, to_encode);
            first.and(joined(last))
        }),
        (true, true) => std::thread::scope(|scope| {
            let first = scope.spawn(move || source(decode, back, to_work));
            let last = scope.spawn(move || sink(encode, from_work, give_back));
            let middle = sink(work, from_decode, to_encode);
            joined(first).and(middle).and(joined(last))
        }),
    }
}

fn single<T: Default>(
    mut decode: impl FnMut(&mut T) -> Result<bool, String>,
    mut work: impl FnMut(&mut T) -> Result<(), String>,
    mut encode: impl FnMut(&mut T) -> Result<(), String>,
) -> Result<(), String> {
    let mut item = T::default();
    while decode(&mut item)? {
        work(&mut item)?;
        encode(&mut item)?;
    }
    Ok(())
}

/// Fills items that come back and sends them on.
fn source<T>(
    mut fill: impl FnMut(&mut T) -> Result<bool, String>,
    mut back: Receiver<T>,
    mut on: Sender<T>,
) -> Result<(), String> {
    while let Some(mut item) = back.receive() {
        if !fill(&mut item)? || on.send(item).is_err() {
            break;
        }
    }
    Ok(())
}

/// Works items that arrive and sends them on (for the last stage: back).
fn sink<T>(
    mut step: impl FnMut(&mut T) -> Result<(), String>,
    mut arriving: Receiver<T>,
    mut on: Sender<T>,
) -> Result<(), String> {
    while let Some(mut item) = arriving.receive() {
        step(&mut item)?;
        // The one it goes to may be done already: the source is, when the last items come back.
        let _ = on.send(item);
    }
    Ok(())
}

fn both<T>(
    mut work: impl FnMut(&mut T) -> Result<(), String>,
    mut encode: impl FnMut(&mut T) -> Result<(), String>,
) -> impl FnMut(&mut T) -> Result<(), String> {
    move |item| work(item).and_then(|()| encode(item))
}

fn then<T>(
    mut decode: impl FnMut(&mut T) -> Result<bool, String>,
    mut work: impl FnMut(&mut T) -> Result<(), String>,
) -> impl FnMut(&mut T) -> Result<bool, String> {
    move |item| Ok(decode(item)? && work(item).map(|()| true)?)
}

fn joined(handle: std::thread::ScopedJoinHandle<'_, Result<(), String>>) -> Result<(), String> {
    handle
        .join()
        .unwrap_or_else(|_| Err("a stage panicked".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const WAYS: [Apart; 4] = [
        Apart {
            decode: false,
            encode: false,
        },
        Apart {
            decode: true,
            encode: false,
        },
        Apart {
            decode: false,
            encode: true,
        },
        Apart {
            decode: true,
            encode: true,
        },
    ];

    #[test]
    fn every_way_of_splitting_gives_the_same_in_the_same_order() {
        for apart in WAYS {
            let (mut next, done) = (0u64, Mutex::new(Vec::new()));
            let decode = |item: &mut u64| {
                next += 1;
                *item = next;
                Ok(next <= 1000)
            };
            let work = |item: &mut u64| {
                *item *= 3;
                Ok(())
            };
            let encode = |item: &mut u64| {
                done.lock().unwrap().push(*item);
                Ok(())
            };
            run(apart, decode, work, encode).unwrap();
            assert!(
                done.into_inner()
                    .unwrap()
                    .into_iter()
                    .eq((1..=1000).map(|n| n * 3)),
                "{apart:?}"
            );
        }
    }

    #[test]
    fn a_failure_in_any_stage_ends_all_and_is_told() {
        for apart in WAYS {
            for guilty in 0..3 {
                let mut n = 0;
                let fail = |stage: usize, at: u64| {
                    if stage == guilty && at > 50 {
                        Err(format!("stage {stage}"))
                    } else {
                        Ok(())
                    }
                };
                let decode = |item: &mut u64| {
                    n += 1;
                    *item = n;
                    fail(0, n).map(|()| true)
                };
                let result = run(apart, decode, |item| fail(1, *item), |item| fail(2, *item));
                assert_eq!(result, Err(format!("stage {guilty}")), "{apart:?}");
            }
        }
    }
}
