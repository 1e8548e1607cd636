//! Long rows of positions and of client order ids, kept small: four bytes a position, nothing for an id that follows the one before.

/// Positions that only grow, four bytes each.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    lows: Vec<u32>,
    /// `turns[k]` is the index of the first position of at least `(k + 1) << 32`.
    turns: Vec<usize>,
}

impl Positions {
    /// Puts one behind the others; it must be larger than the last.
    pub fn push(&mut self, position: u64) {
        debug_assert!(self.last() < position);
        while (self.turns.len() as u64) < position >> 32 {
            self.turns.push(self.lows.len());
        }
        self.lows.push(position as u32);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lows.is_empty()
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<u64> {
        let low = *self.lows.get(index)?;
        let high = self.turns.partition_point(|&turn| turn <= index);
        Some((high as u64) << 32 | u64::from(low))
    }

    /// The last one, 0 if there are none.
    pub fn last(&self) -> u64 {
        let last = self.lows.last().map(|&low| u64::from(low));
        last.map_or(0, |low| (self.turns.len() as u64) << 32 | low)
    }

    /// Whether a position is one of them.
    pub fn has(&self, position: u64) -> bool {
        let before = self.behind(position).checked_sub(1);
        before.and_then(|index| self.get(index)) == Some(position)
    }

    /// The index of the first one behind this position.
    pub fn behind(&self, position: u64) -> usize {
        let turn = |k: usize| match k {
            0 => 0,
            k => self.turns.get(k - 1).copied().unwrap_or(self.lows.len()),
        };
        let high = (position >> 32) as usize;
        let (from, to) = (turn(high), turn(high + 1));
        from + self.lows[from..to].partition_point(|&low| low <= position as u32)
    }
}

/// Client order ids of one line in the order they were taken, always larger than the one before.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    /// First id of a run without a gap, and its index.
    runs: Vec<(u64, usize)>,
    count: usize,
    last: u64,
}

impl Ids {
    /// How many were taken.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The largest taken, 0 if none.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Takes an id larger than the last.
    pub fn take(&mut self, id: u64) {
        debug_assert!(id > self.last);
        if self.count == 0 || id != self.last + 1 {
            self.runs.push((id, self.count));
        }
        (self.count, self.last) = (self.count + 1, id);
    }

    /// The how-manieth an id was, from 0; `None` if it was never taken.
    pub fn find(&self, id: u64) -> Option<usize> {
        let run = self.runs.partition_point(|run| run.0 <= id);
        let (first, index) = *self.runs.get(run.checked_sub(1)?)?;
        let end = self.runs.get(run).map_or(self.count, |next| next.1);
        let found = index as u64 + (id - first);
        (found < end as u64).then_some(found as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_across_the_turns_of_their_low_half() {
        let rows = [
            3,
            9,
            u64::from(u32::MAX),
            1 << 32,
            (1 << 32) + 5,
            (3 << 32) + 2,
        ];
        let mut positions = Positions::default();
        assert_eq!((positions.last(), positions.behind(7)), (0, 0));
        for (index, &row) in rows.iter().enumerate() {
            positions.push(row);
            assert_eq!((positions.last(), positions.len()), (row, index + 1));
        }
        for (index, &row) in rows.iter().enumerate() {
            assert_eq!(positions.get(index), Some(row));
            assert_eq!(positions.behind(row - 1), index, "before {row}");
            assert_eq!(positions.behind(row), index + 1, "at {row}");
            for near in [row - 1, row, row + 1] {
                assert_eq!(positions.has(near), rows.contains(&near), "{near}");
            }
        }
        assert_eq!(positions.get(rows.len()), None);
        assert_eq!(positions.behind(u64::MAX), rows.len());
        assert!(!positions.has(0) && !Positions::default().has(0));
        assert_eq!(positions.behind(2 << 32), 5);
    }

    #[test]
    fn ids_taken_are_found_and_ids_passed_over_are_not() {
        let taken = [1, 2, 3, 7, 8, 100, u64::MAX - 1, u64::MAX];
        let mut ids = Ids::default();
        assert_eq!(ids.find(0), None);
        taken.iter().for_each(|&id| ids.take(id));
        for (index, &id) in taken.iter().enumerate() {
            assert_eq!(ids.find(id), Some(index));
        }
        for id in [0, 4, 6, 9, 99, 101, u64::MAX - 2] {
            assert_eq!(ids.find(id), None, "{id}");
        }
        assert_eq!((ids.last(), ids.count(), ids.runs.len()), (u64::MAX, 8, 4));
    }
}
