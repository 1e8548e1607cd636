//! What one account has traded in one instrument, and what that costs.

use super::rates::Rates;

/// The day of an account in an instrument, two cache lines. Money is in 1/10 000 NT$.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(64))]
pub struct Position {
    /// The account.
    pub account: u32,
    /// The instrument.
    pub instrument: u16,
    /// Its product, by which it is taxed.
    pub product: u8,
    /// Sides of trades; a trade with oneself is two.
    pub trades: u32,
    /// Shares bought.
    pub buy_qty: i64,
    /// Shares sold.
    pub sell_qty: i64,
    /// Shares bought in a way that may be half of a day trade.
    pub day_buy_qty: i64,
    /// Shares sold in such a way.
    pub day_sell_qty: i64,
    /// Price times quantity of all bought.
    pub buy_amount: i128,
    /// Price times quantity of all sold.
    pub sell_amount: i128,
    /// Price times quantity of what was sold in such a way.
    pub day_sell_amount: i128,
    /// Commission on both sides.
    pub fee: i128,
    /// Securities transaction tax.
    pub tax: i128,
}

const _: () = assert!(size_of::<Position>() == 128);

/// One side of a trade, as a position takes it.
#[derive(Clone, Copy)]
pub struct Side {
    /// Does the account sell?
    pub sells: bool,
    /// May it be half of a day trade?
    pub day_trade: bool,
    /// Shares; negative where a trade is taken back.
    pub qty: i64,
    /// Price times quantity; negative where a trade is taken back.
    pub amount: i128,
}

impl Position {
    /// Takes one side of a trade and charges anew.
    #[inline]
    pub fn take(&mut self, side: Side, rates: &Rates) {
        let Side {
            sells,
            day_trade,
            qty,
            amount,
        } = side;
        self.trades = self
            .trades
            .wrapping_add_signed(if qty < 0 { -1 } else { 1 });
        if sells {
            self.sell_qty += qty;
            self.sell_amount += amount;
            if day_trade {
                self.day_sell_qty += qty;
                self.day_sell_amount += amount;
            }
        } else {
            self.buy_qty += qty;
            self.buy_amount += amount;
            if day_trade {
                self.day_buy_qty += qty;
            }
        }
        self.fee = rates.commission(self.buy_amount) + rates.commission(self.sell_amount);
        self.tax = rates.tax(self.product, self.sell_amount, self.day_trade_amount());
    }

    /// Shares bought and sold in day trades: the smaller of what may be.
    #[inline]
    pub fn day_trade_qty(&self) -> i64 {
        self.day_buy_qty.min(self.day_sell_qty)
    }

    /// The part of the sales that the day trades are, at their average price, rounded down to
    /// 1/10 000 NT$. The rulebook does not say which sales are the day trades where more was sold.
    #[inline]
    pub fn day_trade_amount(&self) -> i128 {
        let (qty, of) = (
            i128::from(self.day_trade_qty()),
            i128::from(self.day_sell_qty),
        );
        if qty == of {
            return self.day_sell_amount;
        }
        if let (Ok(amount), Ok(few)) = (u64::try_from(self.day_sell_amount), u32::try_from(of)) {
            // `qty` is below `of`, and so is a remainder: their product has room in 64 bits.
            let (qty, of) = (qty as u64, u64::from(few));
            return i128::from(amount / of) * i128::from(qty) + i128::from(amount % of * qty / of);
        }
        // In two parts, so that no product leaves its 128 bits.
        self.day_sell_amount / of * qty + self.day_sell_amount % of * qty / of
    }

    /// What the account gets; negative: what it pays.
    #[inline]
    pub fn net_cash(&self) -> i128 {
        self.sell_amount - self.buy_amount - self.fee - self.tax
    }
}
