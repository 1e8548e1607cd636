//! `pipe`: requests on one side, replies on the other, as docs/twin.md says; also the frames of a door on TCP.

use std::io::{self, IoSlice, Read, Write};

use super::core::{Level, Matching};
use crate::journal::bytes::{EMPTY, bytes, bytes_mut};
use crate::records::{RECORD_BYTES, Record};

/// Bytes of the head of a request and of a reply.
pub const HEAD_BYTES: usize = 32;
/// Run a batch.
pub const RUN: u32 = 1;
/// Levels of a book.
pub const DEPTH: u32 = 2;
/// Levels that a simulated match would leave.
pub const UNFILLED: u32 = 3;
/// Begin again with an empty market.
pub const FRESH: u32 = 4;
/// Write the settlement (of an owner's door only).
pub const SETTLE: u32 = 5;

/// The head of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the names of docs/twin.md
pub struct Request {
    pub op: u32,
    pub payload_bytes: u32,
    pub a: u64,
    pub b: u64,
    pub c: u64,
}

impl Request {
    /// The head's bytes.
    pub fn head(&self) -> [u8; HEAD_BYTES] {
        head(self.op, self.payload_bytes, self.a, self.b, self.c)
    }

    /// Reads a head; `None` at the end of the input, an error if the input ends inside it.
    pub fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; HEAD_BYTES];
        let mut have = 0;
        while have < HEAD_BYTES {
            match input.read(&mut head[have..]) {
                Ok(0) if have == 0 => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(more) => have += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let four = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| head[at + i]));
        let eight = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| head[at + i]));
        Ok(Some(Self {
            op: four(0),
            payload_bytes: four(4),
            a: eight(8),
            b: eight(16),
            c: eight(24),
        }))
    }
}

/// A head: two numbers of four bytes, three of eight.
pub fn head(first: u32, payload_bytes: u32, a: u64, b: u64, c: u64) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[0..4].copy_from_slice(&first.to_le_bytes());
    head[4..8].copy_from_slice(&payload_bytes.to_le_bytes());
    head[8..16].copy_from_slice(&a.to_le_bytes());
    head[16..24].copy_from_slice(&b.to_le_bytes());
    head[24..32].copy_from_slice(&c.to_le_bytes());
    head
}

/// Reads a request's payload as records; a payload that is no whole number of records is read away and is `None`.
pub fn read_batch(
    input: &mut impl Read,
    payload_bytes: u32,
    batch: &mut Vec<Record>,
) -> io::Result<Option<()>> {
    let payload_bytes = payload_bytes as usize;
    if !payload_bytes.is_multiple_of(RECORD_BYTES) {
        io::copy(&mut input.take(payload_bytes as u64), &mut io::sink())?;
        return Ok(None);
    }
    batch.resize(payload_bytes / RECORD_BYTES, EMPTY);
    input.read_exact(bytes_mut(batch))?;
    Ok(Some(()))
}

/// Head and payload in as few calls as the system takes.
pub fn write_whole(output: &mut impl Write, head: &[u8], payload: &[u8]) -> io::Result<()> {
    let mut parts = [IoSlice::new(head), IoSlice::new(payload)];
    let mut parts = &mut parts[..];
    while parts.iter().any(|part| !part.is_empty()) {
        match output.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut parts, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The payload of DEPTH and UNFILLED.
pub fn levels(request: &Request, core: &impl Matching) -> Result<Vec<u8>, String> {
    let instrument =
        u32::try_from(request.a).map_err(|_| format!("no instrument {}", request.a))?;
    let segment = u8::try_from(request.b).map_err(|_| format!("no segment {}", request.b))?;
    let count = usize::try_from(request.c).unwrap_or(usize::MAX);
    let [buys, sells] = match request.op {
        DEPTH => core.depth(instrument, segment, count),
        _ => core.unfilled(instrument, segment, count),
    };
    let mut payload = Vec::with_capacity(8 + 24 * (buys.len() + sells.len()));
    payload.extend((buys.len() as u32).to_le_bytes());
    payload.extend((sells.len() as u32).to_le_bytes());
    for row in buys.iter().chain(&sells) {
        let (price, qty, orders): Level = *row;
        payload.extend([price, qty, orders].map(i64::to_le_bytes).as_flattened());
    }
    Ok(payload)
}

/// Answers requests until the input ends. `fresh` makes an empty market.
pub fn serve<M: Matching>(
    fresh: impl Fn() -> M,
    mut input: impl Read,
    mut output: impl Write,
) -> io::Result<()> {
    let mut core = fresh();
    let (mut batch, mut stream) = (Vec::new(), Vec::new());
    while let Some(request) = Request::read(&mut input)? {
        let mut payload = Vec::new();
        stream.clear();
        let whole = read_batch(&mut input, request.payload_bytes, &mut batch)?;
        let done = match (whole, request.op) {
            (None, RUN) => Err("a batch is whole records of 64 bytes".to_string()),
            (Some(()), RUN) => core.run(&batch, &mut stream),
            (_, DEPTH | UNFILLED) => levels(&request, &core).map(|rows| payload = rows),
            (_, FRESH) => {
                core = fresh();
                Ok(())
            }
            (_, op) => Err(format!(
                "op {op} is not one of 1 RUN, 2 DEPTH, 3 UNFILLED, 4 FRESH"
            )),
        };
        let status = u32::from(done.is_err());
        let body: &[u8] = match &done {
            Err(sentence) => sentence.as_bytes(),
            Ok(()) if request.op == RUN => bytes(&stream),
            Ok(()) => &payload,
        };
        let size =
            u32::try_from(body.len()).map_err(|_| io::Error::other("a reply above 4 GiB"))?;
        let head = head(status, size, core.position(), core.digest(), core.live());
        write_whole(&mut output, &head, body)?;
        output.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::toy::Toy;
    use super::*;

    fn ask(request: Request, payload: &[u8]) -> Vec<u8> {
        let head = Request {
            payload_bytes: payload.len() as u32,
            ..request
        }
        .head();
        [&head[..], payload].concat()
    }

    fn answers(requests: &[Vec<u8>]) -> Vec<(u32, u64, Vec<u8>)> {
        let (input, mut output) = (requests.concat(), Vec::new());
        serve(Toy::new, &input[..], &mut output).unwrap();
        let (mut rest, mut rows) = (&output[..], Vec::new());
        while let Some(reply) = Request::read(&mut rest).unwrap() {
            let (payload, after) = rest.split_at(reply.payload_bytes as usize);
            rows.push((reply.op, reply.a, payload.to_vec()));
            rest = after;
        }
        rows
    }

    #[test]
    fn every_op_is_answered_and_a_bad_request_changes_nothing() {
        let mut new = EMPTY;
        new.0[16] = 1;
        let of = |op| Request {
            op,
            a: 7,
            b: 1,
            c: 9,
            ..Request::default()
        };
        let rows = answers(&[
            ask(of(RUN), &new.0),
            ask(of(RUN), &new.0[..63]),
            ask(of(77), b"what"),
            ask(of(DEPTH), b""),
            ask(
                Request {
                    a: 1 << 40,
                    ..of(UNFILLED)
                },
                b"",
            ),
            ask(of(FRESH), b""),
            ask(of(RUN), b""),
        ]);
        let heads: Vec<(u32, u64, usize)> = rows.iter().map(|r| (r.0, r.1, r.2.len())).collect();
        assert_eq!(heads[0], (0, 2, 128));
        assert_eq!((heads[1].0, heads[1].1), (1, 2));
        assert_eq!((heads[2].0, heads[2].1), (1, 2));
        assert_eq!(heads[3], (0, 2, 8 + 3 * 24));
        assert_eq!((heads[4].0, heads[4].1), (1, 2));
        assert_eq!(&heads[5..], [(0, 0, 0), (0, 0, 0)]);
        assert_eq!(rows[3].2[..8], [2, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(rows[1].2, b"a batch is whole records of 64 bytes");
    }

    #[test]
    fn an_input_that_ends_inside_a_request_is_an_error() {
        let whole = ask(
            Request {
                op: RUN,
                ..Request::default()
            },
            &[0; 64],
        );
        for end in [1, 31, 32, 95] {
            assert!(
                serve(Toy::new, &whole[..end], io::sink()).is_err(),
                "end {end}"
            );
        }
    }
}
