//! What a trade costs: commission and securities transaction tax, every rate a parameter.
//!
//! Source: rulebook `twse.md` section 11.4 (FEE), day trading section 10.8 (DT), example F1.
//! Known gaps: a firm's discounts, the exchange's own fee (charged to members, not accounts),
//! futures and options (another tax, and a contract multiplier).

use crate::records::vocabulary::product;

/// Units of money in one NT$: amounts are in 1/10 000, as prices are.
pub const UNITS: i128 = 10_000;

/// Parts of a million, the unit of every rate.
const MILLION: i128 = 1_000_000;

/// Products a tax may differ by: their numbers are below this.
const PRODUCTS: usize = 18;

/// Rates and minimum; [`Rates::default`] has those of the rulebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Commission on each side, in parts of a million of its amount. Default 1 425: the standard
    /// 0.1425 % (twse.md 11.4).
    pub commission_ppm: u32,
    /// The least commission of an account, an instrument, a side and a day, in 1/10 000 NT$.
    /// Default NT$20 (twse.md 11.4: practice, unverified).
    pub commission_min: i64,
    /// Tax on what is sold, in parts of a million, by product number. Defaults (twse.md 11.4):
    /// 3 000 for STOCK; 1 000 for ETF, TDR and warrants; 0 for bonds and REIT. The rulebook does
    /// not name the rest: PREFERRED, ENTITLEMENT, STOCK_WARRANT and FOREIGN_STOCK are taken as
    /// stocks, ETN as ETF, CONVERTIBLE as a bond, derivatives as 0.
    pub tax_ppm: [u32; PRODUCTS],
    /// Tax on the sale of a day trade, by product number. Default 1 500 for STOCK (0.15 % until
    /// 2027-12-31, twse.md 11.4, a secondary source), for the others their ordinary rate.
    pub day_trade_tax_ppm: [u32; PRODUCTS],
}

impl Default for Rates {
    fn default() -> Self {
        let mut tax_ppm = [0; PRODUCTS];
        let stocks = [
            product::STOCK,
            product::PREFERRED,
            product::ENTITLEMENT,
            product::STOCK_WARRANT,
            product::FOREIGN_STOCK,
        ];
        let funds = [
            product::ETF,
            product::ETN,
            product::TDR,
            product::WARRANT_CALL,
            product::WARRANT_PUT,
        ];
        for stock in stocks {
            tax_ppm[usize::from(stock)] = 3_000;
        }
        for fund in funds {
            tax_ppm[usize::from(fund)] = 1_000;
        }
        let mut day_trade_tax_ppm = tax_ppm;
        day_trade_tax_ppm[usize::from(product::STOCK)] = 1_500;
        Self {
            commission_ppm: 1_425,
            commission_min: 20 * 10_000,
            tax_ppm,
            day_trade_tax_ppm,
        }
    }
}

/// `amount x ppm`, summed over parts, in 1/10 000 NT$ but rounded down to whole NT$ (twse.md
/// 11.4: practice, unverified; example F1).
#[inline]
fn charge(parts: i128) -> i128 {
    // Up to a trillion NT$ 64 bits do, and there the division is a multiplication.
    match u64::try_from(parts) {
        Ok(parts) => i128::from(parts / (MILLION * UNITS) as u64 * UNITS as u64),
        Err(_) => parts / (MILLION * UNITS) * UNITS,
    }
}

impl Rates {
    /// The commission on one side's amount of the day; nothing on nothing.
    #[inline]
    pub fn commission(&self, amount: i128) -> i128 {
        if amount == 0 {
            return 0;
        }
        charge(amount * i128::from(self.commission_ppm)).max(i128::from(self.commission_min))
    }

    /// The tax on what was sold, `day_traded` of it in day trades; both parts are rounded as one.
    #[inline]
    pub fn tax(&self, product: u8, sold: i128, day_traded: i128) -> i128 {
        let ordinary_ppm = i128::from(self.tax_ppm[usize::from(product)]);
        let day_trade_ppm = i128::from(self.day_trade_tax_ppm[usize::from(product)]);
        charge((sold - day_traded) * ordinary_ppm + day_traded * day_trade_ppm)
    }

    /// Is it a product that this table has?
    pub fn knows(product: u8) -> bool {
        product != 0 && usize::from(product) < PRODUCTS
    }
}
