//! The system's `epoll`, whose symbols std links but does not offer, and the limit on open files.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

const CLOSE_ON_EXEC: i32 = 0o2_000_000;
const ADD: i32 = 1;
const REMOVE: i32 = 2;
const CHANGE: i32 = 3;
/// Something can be read, or the other end is gone.
pub const READABLE: u32 = 0x001;
/// Something can be written.
pub const WRITABLE: u32 = 0x004;
const OPEN_FILES: i32 = 7;

/// An event as the kernel writes it; on x86-64 it is packed.
#[derive(Clone, Copy)]
#[cfg_attr(target_arch = "x86_64", repr(C, packed))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C))]
pub struct Event {
    what: u32,
    key: u64,
}

#[repr(C)]
struct Limit {
    soft: u64,
    hard: u64,
}

unsafe extern "C" {
    fn epoll_create1(flags: i32) -> i32;
    fn epoll_ctl(epoll: i32, action: i32, file: i32, event: *mut Event) -> i32;
    fn epoll_wait(epoll: i32, events: *mut Event, count: i32, timeout_ms: i32) -> i32;
    fn getrlimit(resource: i32, limit: *mut Limit) -> i32;
    fn setrlimit(resource: i32, limit: *const Limit) -> i32;
}

impl Event {
    /// An event that says nothing.
    pub const NONE: Self = Self { what: 0, key: 0 };

    /// The key that its file was added with.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// Whether the file can be written.
    pub fn is_writable(&self) -> bool {
        self.what & WRITABLE != 0
    }

    /// Whether there is something to read, an end and an error included.
    pub fn is_readable(&self) -> bool {
        self.what & !WRITABLE != 0
    }
}

/// Files that are watched.
pub struct Poll(OwnedFd);

fn told(result: i32) -> io::Result<i32> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

impl Poll {
    /// None yet.
    pub fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointer; a result that is not negative is a file that nobody else owns.
        unsafe {
            let file = told(epoll_create1(CLOSE_ON_EXEC))?;
            Ok(Self(OwnedFd::from_raw_fd(file)))
        }
    }

    fn control(&self, action: i32, file: RawFd, key: u64, what: u32) -> io::Result<()> {
        let mut event = Event { what, key };
        // SAFETY: both files are open (`self` owns one, the caller has the other), and the pointer is to a local of the
        // kernel's layout, which the call only reads.
        told(unsafe { epoll_ctl(self.0.as_raw_fd(), action, file, &raw mut event) }).map(|_| ())
    }

    /// Watches a file for these events.
    pub fn add(&self, file: &impl AsRawFd, key: u64, what: u32) -> io::Result<()> {
        self.control(ADD, file.as_raw_fd(), key, what)
    }

    /// Watches for other events.
    pub fn change(&self, file: &impl AsRawFd, key: u64, what: u32) -> io::Result<()> {
        self.control(CHANGE, file.as_raw_fd(), key, what)
    }

    /// No longer watches a file.
    pub fn remove(&self, file: &impl AsRawFd) -> io::Result<()> {
        self.control(REMOVE, file.as_raw_fd(), 0, 0)
    }

    /// Waits for events, at most so long; those that came, at the front of `events`.
    pub fn wait<'a>(&self, events: &'a mut [Event], timeout_ms: i32) -> io::Result<&'a [Event]> {
        let room = i32::try_from(events.len()).unwrap_or(i32::MAX);
        // SAFETY: the kernel writes at most `room` events of this layout to the start of the slice, which has that many and
        // is borrowed exclusively; any bytes are a valid `Event`.
        let count =
            unsafe { epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), room, timeout_ms) };
        match told(count) {
            Ok(count) => Ok(&events[..count as usize]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(&events[..0]),
            Err(error) => Err(error),
        }
    }
}

/// Lets this process open as many files as the system allows it; how many that is.
pub fn raise_open_files() -> u64 {
    let mut limit = Limit { soft: 0, hard: 0 };
    // SAFETY: both calls take a pointer to a local of the system's layout (two numbers of the width of a long); the first
    // writes it, the second reads it.
    unsafe {
        if getrlimit(OPEN_FILES, &raw mut limit) == 0 && limit.soft < limit.hard {
            let raised = Limit {
                soft: limit.hard,
                hard: limit.hard,
            };
            if setrlimit(OPEN_FILES, &raw const raised) == 0 {
                return limit.hard;
            }
        }
    }
    limit.soft
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_is_written_at_one_end_can_be_read_at_the_other() {
        let (mut here, there) = UnixStream::pair().unwrap();
        let poll = Poll::new().unwrap();
        let mut events = [Event::NONE; 4];
        poll.add(&there, 7, READABLE).unwrap();
        assert!(poll.wait(&mut events, 0).unwrap().is_empty());
        here.write_all(b"x").unwrap();
        let seen = poll.wait(&mut events, 1000).unwrap();
        assert_eq!((seen.len(), seen[0].key()), (1, 7));
        assert!(seen[0].is_readable() && !seen[0].is_writable());
        poll.change(&there, 8, WRITABLE).unwrap();
        let seen = poll.wait(&mut events, 1000).unwrap();
        assert!(seen[0].is_writable() && seen[0].key() == 8);
        poll.remove(&there).unwrap();
        assert!(poll.wait(&mut events, 0).unwrap().is_empty());
        assert!(poll.add(&there, 1, READABLE).is_ok() && poll.add(&there, 1, READABLE).is_err());
        assert!(raise_open_files() > 0);
    }
}
