//! Settlement by hand-computed examples, and against sums made anew.

use super::rates::{Rates, UNITS};
use super::{Error, Settlement, Trade};
use crate::records::Record;
use crate::records::bodies::{Body, Order, RefInstrument, Traded, VoidTrade};
use crate::records::vocabulary::{kind, product};

const STOCK: u16 = 2330;
const FUND: u16 = 50;

fn day() -> Settlement {
    let mut day = Settlement::new(Rates::default());
    day.define(STOCK, product::STOCK);
    day.define(FUND, product::ETF);
    day
}

/// A cash trade of the regular session at a price in NT$ 0.01.
fn trade(instrument: u16, price_cents: i64, qty: u32, buyer: u32, seller: u32) -> Trade {
    Trade {
        price: price_cents * 100,
        qty,
        buyer,
        seller,
        instrument,
        buyer_day_trade: true,
        seller_day_trade: true,
    }
}

/// Fee, tax and net cash in whole NT$.
fn charged(day: &Settlement, account: u32, instrument: u16) -> (i128, i128, i128) {
    let position = day.position(account, instrument).unwrap();
    let whole = |money: i128| {
        assert_eq!(money % UNITS, 0);
        money / UNITS
    };
    (
        whole(position.fee),
        whole(position.tax),
        whole(position.net_cash()),
    )
}

#[test]
fn the_rulebooks_example_f1() {
    let mut day = day();
    // Buy 762,000 (10,000 at 76.20): commission 1,085.85, rounded down.
    day.trade(1, trade(STOCK, 7_620, 10_000, 1, 2)).unwrap();
    assert_eq!(charged(&day, 1, STOCK), (1_085, 0, -763_085));
    assert_eq!(charged(&day, 2, STOCK), (1_085, 2_286, 758_629));
    // Sell 386,500 (5,000 at 77.30): commission 550.76, tax 1,159.5.
    day.trade(2, trade(STOCK, 7_730, 5_000, 3, 4)).unwrap();
    assert_eq!(charged(&day, 4, STOCK), (550, 1_159, 384_791));
    // A small amount, 5,000: the least commission, 20; tax 15.
    day.trade(3, trade(STOCK, 5_000, 100, 5, 6)).unwrap();
    assert_eq!(charged(&day, 6, STOCK), (20, 15, 4_965));
}

#[test]
fn a_day_trade_is_taxed_at_half() {
    let mut day = day();
    day.trade(1, trade(STOCK, 7_700, 5_000, 1, 9)).unwrap();
    day.trade(2, trade(STOCK, 7_730, 5_000, 9, 1)).unwrap();
    // Bought 385,000 and sold 386,500: commissions 548 and 550, tax 579.75.
    assert_eq!(charged(&day, 1, STOCK), (1_098, 579, -177));
    // Sold 2,000 more at 78.00: sales 542,500, of which 5/7 = 387,500 are day trades;
    // tax 387,500 x 0.0015 + 155,000 x 0.003 = 1,046.25; commission 773.06.
    day.trade(3, trade(STOCK, 7_800, 2_000, 8, 1)).unwrap();
    let position = day.position(1, STOCK).unwrap();
    assert_eq!(position.day_trade_qty(), 5_000);
    assert_eq!(position.day_trade_amount(), 387_500 * UNITS);
    assert_eq!(charged(&day, 1, STOCK), (548 + 773, 1_046, 155_133));
}

#[test]
fn a_side_that_may_not_be_a_day_trade_is_taxed_in_full() {
    let mut day = day();
    day.trade(1, trade(STOCK, 7_700, 5_000, 1, 9)).unwrap();
    let on_margin = Trade {
        seller_day_trade: false,
        ..trade(STOCK, 7_730, 5_000, 9, 1)
    };
    day.trade(2, on_margin).unwrap();
    assert_eq!(charged(&day, 1, STOCK).1, 1_159);
}

#[test]
fn funds_pay_a_tenth_of_a_percent() {
    let mut day = day();
    // Sell 194,250 (1,500 at 129.50): tax 194.25, commission 276.8.
    day.trade(1, trade(FUND, 12_950, 1_500, 1, 2)).unwrap();
    assert_eq!(charged(&day, 2, FUND), (276, 194, 193_780));
}

#[test]
fn a_voided_trade_leaves_no_trace() {
    let mut day = day();
    day.trade(1, trade(STOCK, 7_700, 5_000, 1, 2)).unwrap();
    let before = (*day.totals(), *day.position(1, STOCK).unwrap());
    day.trade(2, trade(STOCK, 7_800, 3_000, 3, 1)).unwrap();
    day.void(2).unwrap();
    assert_eq!(*day.position(1, STOCK).unwrap(), before.1);
    assert_eq!(
        super::Totals {
            voided: 0,
            ..*day.totals()
        },
        before.0
    );
    assert_eq!(day.void(2), Err(Error::UnknownTrade(2)));
    assert_eq!(day.void(7), Err(Error::UnknownTrade(7)));
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut day = day();
    let next = Err(Error::TradeNo { given: 2, next: 1 });
    assert_eq!(day.trade(2, trade(STOCK, 7_700, 1, 1, 2)), next);
    assert_eq!(
        day.trade(1, trade(9, 7_700, 1, 1, 2)),
        Err(Error::UnknownInstrument(9))
    );
    assert_eq!(*day.totals(), super::Totals::default());
}

#[test]
fn paper_is_sorted_and_says_all() {
    let mut day = day();
    day.trade(1, trade(STOCK, 7_620, 10_000, 7, 2)).unwrap();
    day.trade(2, trade(FUND, 12_950, 1_500, 7, 2)).unwrap();
    day.trade(3, trade(STOCK, 7_620, 1, 1, 9)).unwrap();
    day.void(3).unwrap();
    let (mut positions, mut totals) = (Vec::new(), Vec::new());
    day.write_positions(&mut positions).unwrap();
    day.write_totals(&mut totals, "abc").unwrap();
    let expected = "\
account,instrument,product,trades,buy_qty,sell_qty,buy_amount,sell_amount,day_trade_qty,day_trade_amount,fee,tax,net_cash
2,50,2,1,0,1500,0,1942500000,0,0,2760000,1940000,1937800000
2,2330,1,1,0,10000,0,7620000000,0,0,10850000,22860000,7586290000
7,50,2,1,1500,0,1942500000,0,0,0,2760000,0,-1945260000
7,2330,1,1,10000,0,7620000000,0,0,0,10850000,0,-7630850000
";
    assert_eq!(String::from_utf8(positions).unwrap(), expected);
    let expected = "\
positions,trades,voided,buy_qty,sell_qty,buy_amount,sell_amount,fee,tax,net_cash,positions_sha256
4,2,1,11500,11500,9562500000,9562500000,27220000,24800000,-52020000,abc
";
    assert_eq!(String::from_utf8(totals).unwrap(), expected);
}

fn record(kind: u8, instrument: u16, attributes: u16, body: impl Body) -> Record {
    let mut record = Record::ZERO;
    record.0[16] = kind;
    record.put(18, instrument);
    record.put(22, attributes);
    body.write(&mut record);
    record
}

/// An order's ACCEPTED; attributes 0x11 are cash in the regular session, 0x21 on margin.
fn accepted(order_no: u32, account: u32, attributes: u16) -> Record {
    let order = Order {
        order_no,
        account,
        ..Order::read(&Record::ZERO)
    };
    record(kind::ACCEPTED, STOCK, attributes, order)
}

#[test]
fn the_stream_tells_whose_trades_they_are() {
    let mut day = Settlement::new(Rates::default());
    let definition = RefInstrument {
        product: 1,
        ..RefInstrument::read(&Record::ZERO)
    };
    day.take(&record(kind::REF_INSTRUMENT, STOCK, 1, definition))
        .unwrap();
    let mut answer = Record::ZERO;
    answer.0[16] = kind::REFERENCE_SET;
    answer.put(18, STOCK);
    answer.put(20, u16::from(kind::REF_INSTRUMENT));
    day.take(&answer).unwrap();
    for order in [
        accepted(2, 11, 0x11),
        accepted(5, 12, 0x21),
        accepted(6, 11, 0x11),
    ] {
        day.take(&order).unwrap();
    }
    let mut fill = Traded {
        price: 762_000,
        qty: 1_000,
        trade_no: 1,
        buy_no: 2,
        sell_no: 5,
        ..Traded::read(&Record::ZERO)
    };
    day.take(&record(kind::TRADED, STOCK, 1, fill)).unwrap();
    assert_eq!(day.position(11, STOCK).unwrap().day_buy_qty, 1_000);
    assert_eq!(day.position(12, STOCK).unwrap().day_sell_qty, 0);
    fill.sell_no = 4;
    assert_eq!(
        day.take(&record(kind::TRADED, STOCK, 1, fill)),
        Err(Error::UnknownOrder(4))
    );
    let void = VoidTrade {
        trade_no: 1,
        ..VoidTrade::read(&Record::ZERO)
    };
    day.take(&record(kind::TRADE_VOIDED, STOCK, 1, void))
        .unwrap();
    assert_eq!(
        (day.totals().trades, day.totals().voided, day.totals().fee),
        (0, 1, 0)
    );
}

#[test]
fn totals_are_the_sums_of_the_positions() {
    let mut day = day();
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for no in 1..=5_000 {
        let instrument = if random(2) == 0 { STOCK } else { FUND };
        let (price, qty) = (1_000 + random(9_000) as i64, 1 + random(3_000) as u32);
        let (buyer, seller) = (random(50) as u32, random(50) as u32);
        day.trade(no, trade(instrument, price, qty, buyer, seller))
            .unwrap();
        if random(7) == 0 {
            day.void(1 + random(u64::from(no)) as u32).ok();
        }
    }
    let accounts = (0..50).flat_map(|account| [(account, STOCK), (account, FUND)]);
    let rows: Vec<_> = accounts.filter_map(|(a, i)| day.position(a, i)).collect();
    let sum =
        |column: fn(&super::Position) -> i128| rows.iter().map(|row| column(row)).sum::<i128>();
    let totals = *day.totals();
    assert_eq!(sum(|row| row.fee), totals.fee);
    assert_eq!(sum(|row| row.tax), totals.tax);
    assert_eq!(sum(|row| row.buy_amount), totals.amount);
    assert_eq!(sum(|row| row.sell_amount), totals.amount);
    assert_eq!(
        sum(|row| i128::from(row.trades)),
        2 * i128::from(totals.trades)
    );
    assert_eq!(sum(super::Position::net_cash), -(totals.fee + totals.tax));
    assert!(totals.voided > 0);
}
