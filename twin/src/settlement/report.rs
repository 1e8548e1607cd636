//! Settlement on paper: `docs/settlement-stream.md`.

use std::io::{self, Write};

use super::Settlement;
use super::position::Position;
use crate::store::Store;

/// The columns of the positions.
pub const POSITION_COLUMNS: &str = "account,instrument,product,trades,buy_qty,sell_qty,buy_amount,\
     sell_amount,day_trade_qty,day_trade_amount,fee,tax,net_cash\n";

/// The columns of the totals.
pub const TOTAL_COLUMNS: &str = "positions,trades,voided,buy_qty,sell_qty,buy_amount,sell_amount,\
     fee,tax,net_cash,positions_sha256\n";

/// Lines are handed on in pieces of about this many bytes.
const PIECE_BYTES: usize = 1 << 16;

impl Settlement {
    /// Writes a line for each account and instrument with a trade that stands, by account, then
    /// instrument. A checksum is the writer's: let it pass the bytes through.
    pub fn write_positions(&self, out: &mut impl Write) -> io::Result<()> {
        let mut piece = Vec::with_capacity(PIECE_BYTES + 512);
        piece.extend_from_slice(POSITION_COLUMNS.as_bytes());
        for (_, handle) in self.db.positions.by_account().iter() {
            let position = self.db.get(handle);
            if position.trades > 0 {
                push_line(&mut piece, &columns(position));
            }
            if piece.len() >= PIECE_BYTES {
                out.write_all(&piece)?;
                piece.clear();
            }
        }
        out.write_all(&piece)?;
        out.flush()
    }

    /// Writes the day's sums; `positions_sha256` is the checksum of what `write_positions` wrote,
    /// in hexadecimal, or empty.
    pub fn write_totals(&self, out: &mut impl Write, positions_sha256: &str) -> io::Result<()> {
        let totals = &self.totals;
        let numbers = [
            i128::from(totals.positions),
            i128::from(totals.trades),
            i128::from(totals.voided),
            totals.qty,
            totals.qty,
            totals.amount,
            totals.amount,
            totals.fee,
            totals.tax,
            -(totals.fee + totals.tax),
        ];
        let mut line = TOTAL_COLUMNS.as_bytes().to_vec();
        push_line(&mut line, &numbers);
        line.pop();
        writeln!(line, ",{positions_sha256}")?;
        out.write_all(&line)?;
        out.flush()
    }
}

fn columns(position: &Position) -> [i128; 13] {
    [
        i128::from(position.account),
        i128::from(position.instrument),
        i128::from(position.product),
        i128::from(position.trades),
        i128::from(position.buy_qty),
        i128::from(position.sell_qty),
        position.buy_amount,
        position.sell_amount,
        i128::from(position.day_trade_qty()),
        position.day_trade_amount(),
        position.fee,
        position.tax,
        position.net_cash(),
    ]
}

fn push_line(out: &mut Vec<u8>, numbers: &[i128]) {
    for (column, &number) in numbers.iter().enumerate() {
        if column > 0 {
            out.push(b',');
        }
        push_number(out, number);
    }
    out.push(b'\n');
}

/// Writes a number without the formatter, which costs more than the rest of a line.
fn push_number(out: &mut Vec<u8>, number: i128) {
    if number < 0 {
        out.push(b'-');
    }
    let mut rest = number.unsigned_abs();
    let mut digits = [0; 40];
    let mut at = digits.len();
    // Numbers of 64 bits divide faster.
    while rest > u128::from(u64::MAX) {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let mut rest = rest as u64;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
