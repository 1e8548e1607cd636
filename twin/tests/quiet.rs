//! What a follower says when its owner has nothing new: how far it holds this owner's journal, and how the comparison stands then.

mod common;

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use common::{Folder, QuickDisk, journal};
use evermarket_twin::journal::frame::Segment;
use evermarket_twin::modes::features::Off;
use evermarket_twin::modes::follow::{Follower, Settings, Step};
use evermarket_twin::modes::pipe::{Request, head, write_whole};
use evermarket_twin::modes::plant::{load, plant};
use evermarket_twin::modes::source::FolderSource;
use evermarket_twin::modes::status::Teller;
use evermarket_twin::modes::toy::Toy;
use evermarket_twin::modes::wire::{HEADER, LineSource, QUIET, SYNCED, send_frames};
use evermarket_twin::records::Record;

fn open(own: &Path) -> Follower<Toy> {
    let settings = Settings {
        folder: own.to_owned(),
        disk: Arc::new(QuickDisk),
        size_units: 1,
        silence: Duration::from_secs(5),
        off: Off::default(),
        door: None,
        settlement: None,
    };
    Follower::open(settings, Toy::new(), Teller::quiet()).unwrap()
}

/// Steps until this comes.
fn until<T>(
    follower: &mut Follower<Toy>,
    line: &mut LineSource,
    mut ask: impl FnMut(&Follower<Toy>) -> Option<T>,
) -> T {
    let (mut raw, end) = (Vec::new(), Instant::now() + Duration::from_secs(20));
    loop {
        if let Some(answer) = ask(follower) {
            return answer;
        }
        assert!(Instant::now() < end, "{:?}", follower.state());
        assert_ne!(follower.step(line, &mut raw).unwrap(), Step::Again);
    }
}

/// An owner that sends frames one by one, each once the one before is acknowledged; then QUIET whenever it is told to, and the
/// answers are handed on.
fn owner(day: Segment, frames: Vec<Vec<Record>>) -> (String, Sender<()>, Receiver<Request>) {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap().to_string();
    let ((tell, told), (answer, answers)) = (channel::<()>(), channel());
    thread::spawn(move || {
        let mut line: TcpStream = door.accept().unwrap().0;
        Request::read(&mut line).unwrap();
        line.read_exact(&mut [0; 32]).unwrap();
        write_whole(&mut line, &head(HEADER, 64, 0, 0, 0), &day.record().0).unwrap();
        for frame in &frames {
            send_frames(&mut line, frame, 0, 0).unwrap();
            let synced = Request::read(&mut line).unwrap().unwrap();
            assert_eq!((synced.op, synced.c), (SYNCED, 1), "nothing is worked yet");
        }
        for () in told {
            write_whole(&mut line, &head(QUIET, 0, 0, 0, 0), &[]).unwrap();
            let synced = Request::read(&mut line).unwrap().unwrap();
            if answer.send(synced).is_err() {
                return;
            }
        }
    });
    (address, tell, answers)
}

#[test]
fn after_a_quiet_the_comparison_is_told_as_it_is_then() {
    let folder = Folder::new("quiet-differs");
    let original = folder.path().join("original");
    drop(journal(&original, 6));
    let (day, mut frames) = load(&original).unwrap();
    // In the last block: no acknowledgement of frames comes behind it.
    let last = frames.len() - 1;
    assert_eq!(plant(&mut frames, "wrong_digest", last).unwrap(), last);
    let (address, quiet, answers) = owner(day, frames);
    let mut follower = open(&folder.path().join("own"));
    let mut line = LineSource::new(&address, follower.cursor());
    until(&mut follower, &mut line, |f| {
        (!f.state().clean).then_some(())
    });
    quiet.send(()).unwrap();
    let said = until(&mut follower, &mut line, |_| answers.try_recv().ok());
    let held = follower.cursor();
    assert_eq!((said.op, said.c), (SYNCED, 0), "no longer clean");
    assert_eq!((said.a, said.b), (held.position, u64::from(held.epoch)));
}

#[test]
fn a_follower_that_has_it_all_says_so_although_nothing_new_came() {
    let folder = Folder::new("quiet-held");
    let (original, own) = (folder.path().join("original"), folder.path().join("own"));
    let held = journal(&original, 6).writer.cursor();
    let (mut before, mut raw) = (FolderSource::new(&original), Vec::new());
    let mut follower = open(&own);
    while follower.cursor() != held {
        follower.step(&mut before, &mut raw).unwrap();
    }
    drop(follower);
    let (address, quiet, answers) = owner(load(&original).unwrap().0, Vec::new());
    let mut follower = open(&own);
    let mut line = LineSource::new(&address, follower.cursor());
    quiet.send(()).unwrap();
    let said = until(&mut follower, &mut line, |_| answers.try_recv().ok());
    assert_eq!((said.op, said.a, said.c), (SYNCED, held.position, 1));
}
