//! The macro that declares a database: every table, index, link and trigger in one place.

use super::{Error, Handle, Rows};

/// Statements on the table of `R`, which every database implements for each of its row types.
pub trait Store<R: Copy> {
    /// The row of a live handle; see [`crate::store::Rows::get`].
    fn get(&self, handle: Handle<R>) -> &R;

    /// Inserts a row.
    fn insert(&mut self, row: R) -> Result<Handle<R>, Error>;

    /// Changes a row, its keys and links too.
    fn update(&mut self, handle: Handle<R>, change: impl FnOnce(&mut R)) -> Result<(), Error>;

    /// Changes a live row in columns that no index and no link names: no index work, no trigger.
    fn patch<T>(&mut self, handle: Handle<R>, change: impl FnOnce(&mut R) -> T) -> T;

    /// Deletes a row to which no other links.
    fn delete(&mut self, handle: Handle<R>) -> Result<(), Error>;
}

/// Refuses a link to a row that does not live; the null is no link.
#[doc(hidden)]
#[inline]
pub fn check_parent<P: Copy>(
    parents: &Rows<P>,
    parent: Handle<P>,
    table: &'static str,
    link: &'static str,
) -> Result<(), Error> {
    if parent.is_null() || parents.is_live(parent) {
        Ok(())
    } else {
        Err(Error::NoParent { table, link })
    }
}

/// Declares a database; [the module's page](crate::store) shows how.
#[macro_export]
macro_rules! database {
    (
        $(#[$db_doc:meta])*
        $vis:vis struct $db:ident {$(
            $(#[$table_doc:meta])*
            $table:ident: $row:ident {
                $(hash $hash:ident($($hash_col:ident: $hash_type:ty),+);)*
                $(ordered $ordered:ident($($ord_col:ident: $ord_type:ty),+);)*
                $(link $link:ident -> $parent:ident;)*
                $(before insert $before_insert:path;)*
                $(after insert $after_insert:path;)*
                $(before update $before_update:path;)*
                $(after update $after_update:path;)*
                $(before delete $before_delete:path;)*
                $(after delete $after_delete:path;)*
            }
        )+}
    ) => {
        $(
            $(#[$table_doc])*
            $vis mod $table {
                #[allow(unused_imports)]
                use super::*;

                /// The table: its rows and their indexes.
                #[allow(unused_parens)]
                pub struct Table {
                    pub(super) rows: $crate::store::Rows<super::$row>,
                    $(pub(super) $hash: $crate::store::HashIndex,)*
                    $(pub(super) $ordered:
                        $crate::store::OrderedIndex<($($ord_type),+), super::$row>,)*
                }

                #[allow(unused_parens, dead_code)]
                impl Table {
                    pub(super) fn new() -> Self {
                        Self {
                            rows: $crate::store::Rows::new(stringify!($table)),
                            $($hash: $crate::store::HashIndex::new(),)*
                            $($ordered: $crate::store::OrderedIndex::new(),)*
                        }
                    }

                    /// The rows by handle.
                    #[inline]
                    pub fn rows(&self) -> &$crate::store::Rows<super::$row> {
                        &self.rows
                    }

                    /// The row of a live handle.
                    #[inline]
                    pub fn get(&self, handle: $crate::store::Handle<super::$row>) -> &super::$row {
                        self.rows.get(handle)
                    }

                    /// How many rows live.
                    #[inline]
                    pub fn len(&self) -> usize {
                        self.rows.len()
                    }

                    /// Is there no row?
                    #[inline]
                    pub fn is_empty(&self) -> bool {
                        self.rows.is_empty()
                    }

                    /// Takes the memory for so many rows and their index entries now, so that
                    /// inserts up to there wait for no allocation and no page.
                    pub fn reserve(&mut self, rows: usize) {
                        self.rows.reserve(rows);
                        $(self.$hash.reserve(rows);)*
                        $(self.$ordered.reserve(rows);)*
                    }

                    /// Bytes of memory held for rows and indexes.
                    pub fn memory_bytes(&self) -> usize {
                        self.rows.memory_bytes()
                            $(+ self.$hash.memory_bytes())*
                            $(+ self.$ordered.memory_bytes())*
                    }

                    $(
                        #[doc = concat!("The hash index `", stringify!($hash), "`.")]
                        #[inline]
                        pub fn $hash(&self) -> $crate::store::Unique<
                            '_, super::$row, impl Fn(&super::$row) -> ($($hash_type),+) + Copy
                        > {
                            $crate::store::Unique::new(
                                &self.$hash, &self.rows, |row: &super::$row| ($(row.$hash_col),+)
                            )
                        }
                    )*

                    $(
                        #[doc = concat!("The ordered index `", stringify!($ordered), "`.")]
                        #[inline]
                        pub fn $ordered(
                            &self,
                        ) -> &$crate::store::OrderedIndex<($($ord_type),+), super::$row> {
                            &self.$ordered
                        }
                    )*

                    /// Refuses a row whose hash keys another row than `own` has.
                    #[inline]
                    #[allow(unused_variables)]
                    pub(super) fn check_hashes(
                        &self,
                        row: &super::$row,
                        own: $crate::store::Handle<super::$row>,
                    ) -> ::core::result::Result<(), $crate::store::Error> {
                        $(
                            let key: ($($hash_type),+) = ($(row.$hash_col),+);
                            if let Some(holder) = self.$hash().get(key) {
                                if holder != own {
                                    return Err($crate::store::Error::Unique {
                                        table: stringify!($table),
                                        index: stringify!($hash),
                                        holder: holder.slot(),
                                    });
                                }
                            }
                        )*
                        Ok(())
                    }

                    /// Refuses a row whose ordered keys another row than `own` has.
                    #[inline]
                    #[allow(unused_variables)]
                    pub(super) fn check_ordered(
                        &self,
                        row: &super::$row,
                        own: $crate::store::Handle<super::$row>,
                    ) -> ::core::result::Result<(), $crate::store::Error> {
                        $(
                            let key: ($($ord_type),+) = ($(row.$ord_col),+);
                            if let Some(holder) = self.$ordered.get(key) {
                                if holder != own {
                                    return Err($crate::store::Error::Unique {
                                        table: stringify!($table),
                                        index: stringify!($ordered),
                                        holder: holder.slot(),
                                    });
                                }
                            }
                        )*
                        Ok(())
                    }

                    /// Enters a row into every index.
                    #[inline]
                    #[allow(unused_variables)]
                    pub(super) fn index(
                        &mut self, row: &super::$row, handle: $crate::store::Handle<super::$row>
                    ) {
                        $(
                            let key: ($($hash_type),+) = ($(row.$hash_col),+);
                            self.$hash.insert($crate::store::Key::hash32(key), handle.slot());
                        )*
                        $(
                            let taken = self.$ordered.insert(($(row.$ord_col),+), handle);
                            debug_assert!(taken.is_ok(), "keys are checked first");
                        )*
                    }

                    /// Takes a row out of every index.
                    #[inline]
                    #[allow(unused_variables)]
                    pub(super) fn unindex(
                        &mut self, row: &super::$row, handle: $crate::store::Handle<super::$row>
                    ) {
                        $(
                            let key: ($($hash_type),+) = ($(row.$hash_col),+);
                            self.$hash.remove($crate::store::Key::hash32(key), handle.slot());
                        )*
                        $(self.$ordered.remove(($(row.$ord_col),+));)*
                    }

                    /// Moves a row in the indexes whose keys have changed.
                    #[inline]
                    #[allow(unused_variables)]
                    pub(super) fn reindex(
                        &mut self, old: &super::$row, new: &super::$row, handle: $crate::store::Handle<super::$row>
                    ) {
                        $(
                            let was: ($($hash_type),+) = ($(old.$hash_col),+);
                            let is: ($($hash_type),+) = ($(new.$hash_col),+);
                            if was != is {
                                self.$hash.remove($crate::store::Key::hash32(was), handle.slot());
                                self.$hash.insert($crate::store::Key::hash32(is), handle.slot());
                            }
                        )*
                        $(
                            let was: ($($ord_type),+) = ($(old.$ord_col),+);
                            let is: ($($ord_type),+) = ($(new.$ord_col),+);
                            if was != is {
                                self.$ordered.remove(was);
                                let taken = self.$ordered.insert(is, handle);
                                debug_assert!(taken.is_ok(), "keys are checked first");
                            }
                        )*
                    }

                    /// Are all columns that an index or a link names the same?
                    #[inline]
                    #[allow(unused_variables)]
                    pub(super) fn same_keys(old: &super::$row, new: &super::$row) -> bool {
                        true
                            $($(&& old.$hash_col == new.$hash_col)+)*
                            $($(&& old.$ord_col == new.$ord_col)+)*
                            $(&& old.$link == new.$link)*
                    }

                    /// Has the table a trigger?
                    pub(super) const TRIGGERED: bool = {
                        let triggers: &[&str] = &[
                            $(stringify!($before_insert),)* $(stringify!($after_insert),)*
                            $(stringify!($before_update),)* $(stringify!($after_update),)*
                            $(stringify!($before_delete),)* $(stringify!($after_delete),)*
                        ];
                        !triggers.is_empty()
                    };

                    /// Has the table a trigger on updates?
                    pub(super) const UPDATE_TRIGGERED: bool = {
                        let triggers: &[&str] = &[
                            $(stringify!($before_update),)* $(stringify!($after_update),)*
                        ];
                        !triggers.is_empty()
                    };
                }
            }
        )+

        $(#[$db_doc])*
        $vis struct $db {
            $($(#[$table_doc])* $vis $table: $table::Table,)+
            log: $crate::store::UndoLog<undo::Entry>,
        }

        /// What the undo log of this database holds.
        mod undo {
            #[derive(Clone, Copy)]
            #[allow(non_camel_case_types)]
            pub enum Entry {
                $($table($crate::store::Change<super::$row>),)+
            }
        }

        #[allow(dead_code)]
        impl $db {
            /// An empty database.
            $vis fn new() -> Self {
                #[allow(unused_mut)]
                let mut db = Self {
                    $($table: $table::Table::new(),)+
                    log: $crate::store::UndoLog::new(),
                };
                $($(db.$parent.rows.set_linked();
                    let _ = stringify!($link);)*)+
                db
            }

            /// Opens a transaction; panics in one.
            #[inline]
            $vis fn begin(&mut self) {
                self.log.begin();
            }

            /// Closes the transaction and keeps its changes.
            #[inline]
            $vis fn commit(&mut self) {
                self.log.commit();
            }

            /// Closes the transaction and takes all its changes back.
            $vis fn rollback(&mut self) {
                let start = self.log.start();
                self.rollback_to(start);
                self.log.commit();
            }

            /// A place in the transaction to come back to. Savepoints nest: rolling back to one
            /// makes the later ones void.
            #[inline]
            $vis fn savepoint(&self) -> $crate::store::Savepoint {
                self.log.savepoint()
            }

            /// Takes back what was changed since the savepoint, which stays good.
            $vis fn rollback_to(&mut self, savepoint: $crate::store::Savepoint) {
                while let Some(entry) = self.log.pop_since(savepoint) {
                    self.undo(entry);
                }
            }

            /// Is a transaction open?
            #[inline]
            $vis fn in_transaction(&self) -> bool {
                self.log.is_open()
            }

            /// Runs a body in a transaction, or in a savepoint of the open one: `Ok` keeps its
            /// changes, `Err` takes them back.
            $vis fn transaction<T, E>(
                &mut self,
                body: impl FnOnce(&mut Self) -> ::core::result::Result<T, E>,
            ) -> ::core::result::Result<T, E> {
                let outermost = !self.log.is_open();
                if outermost {
                    self.log.begin();
                }
                let savepoint = self.log.savepoint();
                let outcome = body(self);
                if outcome.is_err() {
                    self.rollback_to(savepoint);
                }
                if outermost {
                    self.log.commit();
                }
                outcome
            }

            /// Bytes of memory held for rows, indexes and the undo log.
            $vis fn memory_bytes(&self) -> usize {
                self.log.memory_bytes() $(+ self.$table.memory_bytes())+
            }

            fn undo(&mut self, entry: undo::Entry) {
                match entry {
                    $(undo::Entry::$table(change) => $crate::store::Undo::undo(self, change),)+
                }
            }
        }

        $(
            #[allow(unused_variables)]
            impl $crate::store::Undo<$row> for $db {
                fn undo(&mut self, change: $crate::store::Change<$row>) {
                    use $crate::store::Change;
                    match change {
                        Change::Insert(handle) | Change::Reuse(handle) => {
                            let row = *self.$table.rows.get(handle);
                            self.$table.unindex(&row, handle);
                            $(self.$parent.rows.unlink(row.$link);)*
                            let reused = matches!(change, Change::Reuse(_));
                            self.$table.rows.undo_insert(handle, reused);
                        }
                        Change::Update(handle, old) => {
                            let row = *self.$table.rows.get(handle);
                            self.$table.reindex(&row, &old, handle);
                            $(self.$parent.rows.unlink(row.$link);
                                self.$parent.rows.link(old.$link);)*
                            *self.$table.rows.get_mut(handle) = old;
                        }
                        Change::Patch(handle, old) => *self.$table.rows.get_mut(handle) = old,
                        Change::Delete(handle, old) => {
                            self.$table.rows.undo_delete(handle, old);
                            self.$table.index(&old, handle);
                            $(self.$parent.rows.link(old.$link);)*
                        }
                    }
                }
            }

            impl $crate::store::Store<$row> for $db {
                #[inline]
                fn get(&self, handle: $crate::store::Handle<$row>) -> &$row {
                    self.$table.rows.get(handle)
                }

                #[inline]
                fn insert(
                    &mut self, row: $row
                ) -> ::core::result::Result<$crate::store::Handle<$row>, $crate::store::Error> {
                    let statement = |db: &mut Self| {
                        #[allow(unused_mut)]
                        let mut row = row;
                        $($before_insert(db, &mut row)?;)*
                        db.$table.check_hashes(&row, $crate::store::Handle::NULL)?;
                        db.$table.check_ordered(&row, $crate::store::Handle::NULL)?;
                        $($crate::store::check_parent(
                            &db.$parent.rows, row.$link, stringify!($table), stringify!($link)
                        )?;)*
                        let (handle, reused) = db.$table.rows.insert(row)?;
                        db.$table.index(&row, handle);
                        $(db.$parent.rows.link(row.$link);)*
                        db.log.push(|| undo::Entry::$table(if reused {
                            $crate::store::Change::Reuse(handle)
                        } else {
                            $crate::store::Change::Insert(handle)
                        }));
                        $($after_insert(db, handle)?;)*
                        Ok(handle)
                    };
                    if $table::Table::TRIGGERED { self.transaction(statement) } else { statement(self) }
                }

                #[inline]
                fn update(
                    &mut self,
                    handle: $crate::store::Handle<$row>,
                    change: impl FnOnce(&mut $row),
                ) -> ::core::result::Result<(), $crate::store::Error> {
                    let statement = |db: &mut Self| {
                        db.$table.rows.check_live(handle)?;
                        let old = *db.$table.rows.get(handle);
                        let mut row = old;
                        change(&mut row);
                        $($before_update(db, handle, &old, &mut row)?;)*
                        if !$table::Table::same_keys(&old, &row) {
                            db.$table.check_hashes(&row, handle)?;
                            db.$table.check_ordered(&row, handle)?;
                            $($crate::store::check_parent(
                                &db.$parent.rows, row.$link, stringify!($table), stringify!($link)
                            )?;)*
                            db.$table.reindex(&old, &row, handle);
                            $(db.$parent.rows.unlink(old.$link);
                                db.$parent.rows.link(row.$link);)*
                        }
                        db.log.push(|| {
                            undo::Entry::$table($crate::store::Change::Update(handle, old))
                        });
                        *db.$table.rows.get_mut(handle) = row;
                        $($after_update(db, handle, &old)?;)*
                        Ok(())
                    };
                    if $table::Table::TRIGGERED { self.transaction(statement) } else { statement(self) }
                }

                #[inline]
                fn patch<T>(
                    &mut self,
                    handle: $crate::store::Handle<$row>,
                    change: impl FnOnce(&mut $row) -> T,
                ) -> T {
                    const {
                        assert!(
                            !$table::Table::UPDATE_TRIGGERED,
                            "patch runs no trigger: update a table that has an update trigger"
                        );
                    }
                    let row = self.$table.rows.get_mut(handle);
                    self.log.push(|| {
                        undo::Entry::$table($crate::store::Change::Patch(handle, *row))
                    });
                    if cfg!(debug_assertions) {
                        let old = *row;
                        let outcome = change(row);
                        assert!(
                            $table::Table::same_keys(&old, row),
                            "a patch changed a key or a link: update"
                        );
                        return outcome;
                    }
                    change(row)
                }

                #[inline]
                fn delete(
                    &mut self, handle: $crate::store::Handle<$row>
                ) -> ::core::result::Result<(), $crate::store::Error> {
                    let statement = |db: &mut Self| {
                        db.$table.rows.check_live(handle)?;
                        $($before_delete(db, handle)?;)*
                        db.$table.rows.check_unlinked(handle)?;
                        let old = *db.$table.rows.get(handle);
                        db.$table.unindex(&old, handle);
                        $(db.$parent.rows.unlink(old.$link);)*
                        db.$table.rows.delete(handle);
                        db.log.push(|| {
                            undo::Entry::$table($crate::store::Change::Delete(handle, old))
                        });
                        $($after_delete(db, &old)?;)*
                        Ok(())
                    };
                    if $table::Table::TRIGGERED { self.transaction(statement) } else { statement(self) }
                }
            }
        )+

        impl ::core::default::Default for $db {
            fn default() -> Self {
                Self::new()
            }
        }
    };
}
