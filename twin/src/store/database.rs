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
                $(dense $dense:ident($dense_col:ident: $dense_type:ty);)*
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
        $($crate::database_table! {
            $(#[$table_doc])*
            [$vis] $table: $row {
                $(hash $hash($($hash_col: $hash_type),+);)*
                $(dense $dense($dense_col: $dense_type);)*
                $(ordered $ordered($($ord_col: $ord_type),+);)*
                $(link $link -> $parent;)*
                $(before insert $before_insert;)*
                $(after insert $after_insert;)*
                $(before update $before_update;)*
                $(after update $after_update;)*
                $(before delete $before_delete;)*
                $(after delete $after_delete;)*
            }
        })+

        $(#[$db_doc])*
        $vis struct $db {
            $($(#[$table_doc])* $vis $table: $table::Table,)+
            log: $crate::store::UndoLog<undo::Entry, undo::Image>,
        }

        /// What the undo log of this database holds.
        mod undo {
            #[derive(Clone, Copy)]
            #[allow(non_camel_case_types)]
            pub enum Entry {
                $($table($crate::store::Change<super::$row>),)+
            }

            /// As large as the largest row.
            #[derive(Clone, Copy)]
            #[repr(C)]
            pub union Image {
                $(pub $table: super::$row,)+
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

        $($crate::database_statements! {
            $db $table: $row {
                $(hash $hash($($hash_col: $hash_type),+);)*
                $(dense $dense($dense_col: $dense_type);)*
                $(ordered $ordered($($ord_col: $ord_type),+);)*
                $(link $link -> $parent;)*
                $(before insert $before_insert;)*
                $(after insert $after_insert;)*
                $(before update $before_update;)*
                $(after update $after_update;)*
                $(before delete $before_delete;)*
                $(after delete $after_delete;)*
            }
        })+

        impl ::core::default::Default for $db {
            fn default() -> Self {
                Self::new()
            }
        }
    };
}
