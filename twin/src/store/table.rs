//! The part of [`database!`](crate::database) that makes one table: rows, indexes, their upkeep.

/// Makes the module of one table.
#[doc(hidden)]
#[macro_export]
macro_rules! database_table {
    (
        $(#[$table_doc:meta])*
        [$vis:vis] $table:ident: $row:ident {
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
    ) => {
        $(#[$table_doc])*
        $vis mod $table {
            #[allow(unused_imports)]
            use super::*;

            /// The table: its rows and their indexes.
            #[allow(unused_parens)]
            pub struct Table {
                pub(super) rows: $crate::store::Rows<super::$row>,
                $(pub(super) $hash: $crate::store::HashIndex,)*
                $(pub(super) $dense: $crate::store::DenseIndex<$dense_type, super::$row>,)*
                $(pub(super) $ordered:
                    $crate::store::OrderedIndex<($($ord_type),+), super::$row>,)*
            }

            #[allow(unused_parens, dead_code)]
            impl Table {
                pub(super) fn new() -> Self {
                    Self {
                        rows: $crate::store::Rows::new(stringify!($table)),
                        $($hash: $crate::store::HashIndex::new(),)*
                        $($dense: $crate::store::DenseIndex::new(),)*
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
                    $(self.$dense.reserve(rows);)*
                    $(self.$ordered.reserve(rows);)*
                }

                /// Bytes of memory held for rows and indexes.
                pub fn memory_bytes(&self) -> usize {
                    self.rows.memory_bytes()
                        $(+ self.$hash.memory_bytes())*
                        $(+ self.$dense.memory_bytes())*
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
                    #[doc = concat!("The dense index `", stringify!($dense), "`.")]
                    #[inline]
                    pub fn $dense(&self) -> &$crate::store::DenseIndex<$dense_type, super::$row> {
                        &self.$dense
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

                /// Refuses a row whose hash or dense keys another row than `own` has.
                #[inline]
                #[allow(unused_variables)]
                pub(super) fn check_found(
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
                    $(
                        if let Some(holder) = self.$dense.get(row.$dense_col) {
                            if holder != own {
                                return Err($crate::store::Error::Unique {
                                    table: stringify!($table),
                                    index: stringify!($dense),
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

                /// Enters a row, whose hash and dense keys are new, into every index; refused by an ordered
                /// one, it is in none.
                #[inline]
                #[allow(unused_variables, unused_mut, unused_assignments)]
                pub(super) fn index(
                    &mut self, row: &super::$row, handle: $crate::store::Handle<super::$row>
                ) -> ::core::result::Result<(), $crate::store::Error> {
                    let mut entered = 0;
                    $(
                        let key: ($($ord_type),+) = ($(row.$ord_col),+);
                        if let Err(holder) = self.$ordered.insert(key, handle) {
                            self.unindex_ordered(row, entered);
                            return Err($crate::store::Error::Unique {
                                table: stringify!($table),
                                index: stringify!($ordered),
                                holder: holder.slot(),
                            });
                        }
                        entered += 1;
                    )*
                    $(
                        let key: ($($hash_type),+) = ($(row.$hash_col),+);
                        self.$hash.insert($crate::store::Key::hash32(key), handle.slot());
                    )*
                    $(self.$dense.insert(row.$dense_col, handle);)*
                    Ok(())
                }

                /// Takes a row out of the first so many ordered indexes.
                #[cold]
                #[allow(unused_variables, unused_mut, unused_assignments)]
                fn unindex_ordered(&mut self, row: &super::$row, entered: usize) {
                    let mut left = entered;
                    $(
                        if left == 0 {
                            return;
                        }
                        left -= 1;
                        self.$ordered.remove(($(row.$ord_col),+));
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
                    $(self.$dense.remove(row.$dense_col);)*
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
                        if old.$dense_col != new.$dense_col {
                            self.$dense.remove(old.$dense_col);
                            self.$dense.insert(new.$dense_col, handle);
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
                        $(&& old.$dense_col == new.$dense_col)*
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
    };
}
