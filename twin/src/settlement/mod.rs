//! Settlement as a stream of trades: what each account has bought, sold and owes, up to date with
//! each trade, so that at the close nothing is left but to write it down.
//!
//! It reads the market's stream ([`Settlement::take`]) or is handed trades by one who knows their
//! accounts ([`Settlement::trade`]). Rules: [`rates`]; paper: [`report`] and
//! `docs/settlement-stream.md`. Money is in 1/10 000 NT$, quantity in shares; charges are a
//! function of the day's sums, so a voided trade leaves no trace in them.
//!
//! Known gaps: financing of margin and short sales, late settlement, contract multipliers. Account
//! numbers are taken as unique in the partition.

pub mod position;
pub mod rates;
pub mod report;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::database;
use crate::records::Record;
use crate::records::bodies::{Body, OffBookTrade, Order, RefInstrument, Traded, VoidTrade};
use crate::records::vocabulary::{category, kind, segment};
use crate::store::{Handle, Segments, Store};
use position::{Position, Side};
use rates::Rates;

database! {
    /// The accounts' day.
    struct Ledger {
        /// What each account has traded in each instrument.
        positions: Position {
            hash by_key(account: u32, instrument: u16);
            ordered by_account(account: u32, instrument: u16);
        }
    }
}

/// A trade between two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Price, in 1/10 000 NT$.
    pub price: i64,
    /// Shares.
    pub qty: u32,
    /// The account that buys.
    pub buyer: u32,
    /// The account that sells.
    pub seller: u32,
    /// The instrument.
    pub instrument: u16,
    /// May the purchase be half of a day trade?
    pub buyer_day_trade: bool,
    /// May the sale be half of a day trade?
    pub seller_day_trade: bool,
}

/// The sums of the day; money in 1/10 000 NT$.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Accounts and instruments with a trade that stands.
    pub positions: u64,
    /// Trades that stand.
    pub trades: u64,
    /// Trades taken back.
    pub voided: u64,
    /// Shares of the trades that stand.
    pub qty: i128,
    /// Price times quantity of the trades that stand.
    pub amount: i128,
    /// Commission of all accounts.
    pub fee: i128,
    /// Tax of all accounts.
    pub tax: i128,
}

/// A record that does not fit what came before it; the settlement is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A trade of an order that was never accepted.
    UnknownOrder(u32),
    /// A trade number that is not the next.
    TradeNo {
        /// The number given.
        given: u32,
        /// The number expected.
        next: u32,
    },
    /// The trade to take back was never made, or is void.
    UnknownTrade(u32),
    /// The instrument has no product.
    UnknownInstrument(u16),
    /// The store refused.
    Store(crate::store::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownOrder(no) => write!(f, "order {no} trades and was never accepted"),
            Self::TradeNo { given, next } => write!(f, "trade {given} comes where {next} is next"),
            Self::UnknownTrade(no) => write!(f, "trade {no} cannot be taken back"),
            Self::UnknownInstrument(no) => write!(f, "instrument {no} has no product"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// Who stands behind an order.
#[derive(Clone, Copy, Default)]
struct Owner {
    account: u32,
    accepted: bool,
    day_trade: bool,
}

/// The settlement of one trading day and partition.
pub struct Settlement {
    db: Ledger,
    rates: Rates,
    /// Owners by order number, less one.
    owners: Segments<Owner>,
    /// Trades by trade number, less one; a void one has no quantity.
    trades: Segments<Trade>,
    /// Products by instrument number; 0 for none.
    products: Vec<u8>,
    /// The REF_INSTRUMENT that waits for its answer.
    defining: Option<(u16, u8)>,
    totals: Totals,
}

impl Settlement {
    /// An empty day at these rates.
    pub fn new(rates: Rates) -> Self {
        Self {
            db: Ledger::new(),
            rates,
            owners: Segments::new(),
            trades: Segments::new(),
            products: vec![0; 1 << 16],
            defining: None,
            totals: Totals::default(),
        }
    }

    /// The sums so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The day so far of an account in an instrument.
    pub fn position(&self, account: u32, instrument: u16) -> Option<&Position> {
        let handle = self.db.positions.by_key().get((account, instrument))?;
        Some(self.db.get(handle))
    }

    /// Takes the memory for so many orders, trades and positions now.
    pub fn reserve(&mut self, orders: usize, trades: usize, positions: usize) {
        self.owners.reserve(orders);
        self.trades.reserve(trades);
        self.db.positions.reserve(positions);
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        self.db.memory_bytes() + self.owners.memory_bytes() + self.trades.memory_bytes()
    }

    /// Takes the next record of the stream; most kinds mean nothing here.
    #[inline]
    pub fn take(&mut self, record: &Record) -> Result<(), Error> {
        match record.kind() {
            kind::ACCEPTED => {
                self.accepted(record);
                Ok(())
            }
            kind::TRADED => self.traded(record),
            kind::OFF_BOOK_TRADED => self.off_book(record),
            kind::TRADE_VOIDED => self.void(VoidTrade::read(record).trade_no),
            kind::REF_INSTRUMENT => {
                let product = RefInstrument::read(record).product;
                self.defining = Some((record.instrument(), product));
                Ok(())
            }
            kind::REFERENCE_SET if record.code() == u16::from(kind::REF_INSTRUMENT) => {
                if let Some((instrument, product)) = self.defining.take() {
                    self.define(instrument, product);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Sets the product of an instrument, by which its trades are taxed from now on.
    pub fn define(&mut self, instrument: u16, product: u8) {
        self.products[usize::from(instrument)] = if Rates::knows(product) { product } else { 0 };
    }

    #[inline]
    fn accepted(&mut self, record: &Record) {
        let order = Order::read(record);
        let Some(index) = (order.order_no as usize).checked_sub(1) else {
            return;
        };
        // Order numbers are dense; those between were refused.
        while self.owners.len() <= index {
            self.owners.push(Owner::default());
        }
        let cash = record.attributes() >> 4 & 7 == category::CASH;
        let day_trade = cash && matches!(record.segment(), segment::REGULAR | segment::FIXED_PRICE);
        *self.owners.at_mut(index) = Owner {
            account: order.account,
            accepted: true,
            day_trade,
        };
    }

    fn owner(&self, order_no: u32) -> Result<Owner, Error> {
        let owner = self.owners.get((order_no as usize).wrapping_sub(1));
        owner
            .filter(|owner| owner.accepted)
            .copied()
            .ok_or(Error::UnknownOrder(order_no))
    }

    fn traded(&mut self, record: &Record) -> Result<(), Error> {
        let traded = Traded::read(record);
        let (buyer, seller) = (self.owner(traded.buy_no)?, self.owner(traded.sell_no)?);
        let trade = Trade {
            price: traded.price,
            qty: traded.qty,
            buyer: buyer.account,
            seller: seller.account,
            instrument: record.instrument(),
            buyer_day_trade: buyer.day_trade,
            seller_day_trade: seller.day_trade,
        };
        self.trade(traded.trade_no, trade)
    }

    fn off_book(&mut self, record: &Record) -> Result<(), Error> {
        let traded = OffBookTrade::read(record);
        let trade = Trade {
            price: traded.price,
            qty: traded.qty,
            buyer: traded.buy_account,
            seller: traded.sell_account,
            instrument: record.instrument(),
            buyer_day_trade: false,
            seller_day_trade: false,
        };
        self.trade(traded.trade_no, trade)
    }

    /// Takes a trade; trade numbers go up from 1 without a gap.
    pub fn trade(&mut self, trade_no: u32, trade: Trade) -> Result<(), Error> {
        let next = self.trades.len() as u32 + 1;
        if trade_no != next {
            return Err(Error::TradeNo {
                given: trade_no,
                next,
            });
        }
        self.enter(&trade, 1)?;
        self.trades.push(trade);
        self.totals.trades += 1;
        Ok(())
    }

    /// Takes a trade back.
    pub fn void(&mut self, trade_no: u32) -> Result<(), Error> {
        let index = (trade_no as usize).wrapping_sub(1);
        let trade = self
            .trades
            .get(index)
            .filter(|trade| trade.qty > 0)
            .copied();
        let trade = trade.ok_or(Error::UnknownTrade(trade_no))?;
        self.enter(&trade, -1)?;
        self.trades.at_mut(index).qty = 0;
        self.totals.trades -= 1;
        self.totals.voided += 1;
        Ok(())
    }

    /// Enters both sides of a trade, or with `sign` -1 takes them out.
    fn enter(&mut self, trade: &Trade, sign: i64) -> Result<(), Error> {
        let product = self.products[usize::from(trade.instrument)];
        if product == 0 {
            return Err(Error::UnknownInstrument(trade.instrument));
        }
        let qty = i64::from(trade.qty) * sign;
        let amount = i128::from(trade.price) * i128::from(qty);
        let buy = Side {
            sells: false,
            day_trade: trade.buyer_day_trade,
            qty,
            amount,
        };
        let sell = Side {
            sells: true,
            day_trade: trade.seller_day_trade,
            qty,
            amount,
        };
        // Both positions first: what can be refused is refused before anything is changed.
        let buyer = self.open(trade.buyer, trade.instrument, product)?;
        let seller = self.open(trade.seller, trade.instrument, product)?;
        self.enter_side(buyer, buy);
        self.enter_side(seller, sell);
        self.totals.qty += i128::from(qty);
        self.totals.amount += amount;
        Ok(())
    }

    #[inline]
    fn open(
        &mut self,
        account: u32,
        instrument: u16,
        product: u8,
    ) -> Result<Handle<Position>, Error> {
        if let Some(handle) = self.db.positions.by_key().get((account, instrument)) {
            return Ok(handle);
        }
        let position = Position {
            account,
            instrument,
            product,
            ..Position::default()
        };
        self.db.insert(position).map_err(Error::Store)
    }

    #[inline]
    fn enter_side(&mut self, handle: Handle<Position>, side: Side) {
        let Self {
            db, rates, totals, ..
        } = self;
        db.patch(handle, |position| {
            let (fee, tax, traded) = (position.fee, position.tax, position.trades > 0);
            position.take(side, rates);
            totals.fee += position.fee - fee;
            totals.tax += position.tax - tax;
            totals.positions += u64::from(position.trades > 0);
            totals.positions -= u64::from(traded);
        });
    }
}
