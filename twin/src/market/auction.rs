//! The price of a call auction (format.md 6.3; TWSE Art. 58-3 para 2): arithmetic alone.
//!
//! Walking both sides from their best prices and crossing what crosses gives the volume V and four
//! prices: the last one filled and the first one left on each side. A price p is legal where every
//! buy above it and every sell below it is filled, that is from `max(last sell filled, first buy
//! left)` to `min(last buy filled, first sell left)`; all of these ticks have the volume V, and no
//! order stands strictly between the ends. Published examples in the vectors.

/// One price of one side as the walk sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub price: i64,
    pub qty: i64,
}

/// What crossing both sides gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cross {
    pub volume: i64,
    /// The lowest and the highest legal price.
    pub low: i64,
    pub high: i64,
    /// What is left at the price where each side ends, which may be the next one.
    pub buy_left: Option<Step>,
    pub sell_left: Option<Step>,
}

/// Crosses two sides, each best first; `None` where nothing crosses.
pub fn cross(
    mut buys: impl Iterator<Item = Step>,
    mut sells: impl Iterator<Item = Step>,
) -> Option<Cross> {
    let (mut buy, mut sell) = (buys.next(), sells.next());
    let mut volume = 0;
    let mut filled = None;
    while let (Some(bid), Some(ask)) = (buy, sell) {
        if bid.price < ask.price {
            break;
        }
        let qty = bid.qty.min(ask.qty);
        volume += qty;
        filled = Some((bid.price, ask.price));
        buy = rest(bid, qty).or_else(|| buys.next());
        sell = rest(ask, qty).or_else(|| sells.next());
    }
    let (last_buy, last_sell) = filled?;
    Some(Cross {
        volume,
        low: buy.map_or(last_sell, |left| last_sell.max(left.price)),
        high: sell.map_or(last_buy, |left| last_buy.min(left.price)),
        buy_left: buy,
        sell_left: sell,
    })
}

const fn rest(step: Step, qty: i64) -> Option<Step> {
    if step.qty == qty {
        None
    } else {
        Some(Step {
            qty: step.qty - qty,
            ..step
        })
    }
}

impl Cross {
    /// Buys left at a price: those at or above it beyond the volume.
    pub const fn buys_left_at(&self, price: i64) -> i64 {
        left_at(self.buy_left, price)
    }

    /// Sells left at a price: those at or below it beyond the volume.
    pub const fn sells_left_at(&self, price: i64) -> i64 {
        left_at(self.sell_left, price)
    }
}

/// At a legal price nothing is left but what stands at the price itself.
const fn left_at(left: Option<Step>, price: i64) -> i64 {
    match left {
        Some(step) if step.price == price => step.qty,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed(buys: &[(i64, i64)], sells: &[(i64, i64)]) -> Option<(i64, i64, i64)> {
        let steps = |side: &[(i64, i64)]| {
            let steps: Vec<Step> = side
                .iter()
                .map(|&(price, qty)| Step { price, qty })
                .collect();
            steps.into_iter()
        };
        cross(steps(buys), steps(sells)).map(|cross| (cross.volume, cross.low, cross.high))
    }

    /// The definition, tick by tick.
    fn by_definition(buys: &[(i64, i64)], sells: &[(i64, i64)]) -> Option<(i64, i64, i64)> {
        let demand = |from: i64| -> i64 { sum(buys, |price| price >= from) };
        let supply = |to: i64| -> i64 { sum(sells, |price| price <= to) };
        let volume = (1..40).map(|p| demand(p).min(supply(p))).max()?;
        let legal: Vec<i64> = (1..40)
            .filter(|&p| {
                demand(p).min(supply(p)) == volume
                    && demand(p + 1) <= supply(p)
                    && supply(p - 1) <= demand(p)
            })
            .collect();
        (volume > 0).then(|| (volume, legal[0], legal[legal.len() - 1]))
    }

    fn sum(side: &[(i64, i64)], wanted: impl Fn(i64) -> bool) -> i64 {
        side.iter()
            .filter(|level| wanted(level.0))
            .map(|level| level.1)
            .sum()
    }

    #[test]
    fn prices_are_those_of_the_definition() {
        let mut seed = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = |bound: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % bound) as i64
        };
        for _ in 0..20_000 {
            let mut side = |base: i64| -> Vec<(i64, i64)> {
                let mut levels: Vec<_> = (0..next(5))
                    .map(|_| (base + next(20), 1 + next(4)))
                    .collect();
                levels.sort_unstable();
                levels.dedup_by_key(|level| level.0);
                levels
            };
            let mut buys = side(10);
            buys.reverse();
            let sells = side(5);
            let expected = by_definition(&buys, &sells);
            assert_eq!(crossed(&buys, &sells), expected, "{buys:?} {sells:?}");
        }
    }
}
