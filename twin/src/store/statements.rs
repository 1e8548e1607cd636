//! The part of [`database!`](crate::database) that makes the statements on one table, and how a
//! rollback takes them back.

/// Implements [`Store`](crate::store::Store) and [`Undo`](crate::store::Undo) for one table.
#[doc(hidden)]
#[macro_export]
macro_rules! database_statements {
    (
        $db:ident $table:ident: $row:ident {
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
                    Change::Update(handle) => {
                        let old = {
                            // SAFETY: the entry of this change was pushed together with an
                            // image of this table's row, and entries are popped in order.
                            unsafe { self.log.pop_image::<$row>() }
                        };
                        let row = *self.$table.rows.get(handle);
                        self.$table.reindex(&row, &old, handle);
                        $(self.$parent.rows.unlink(row.$link);
                            self.$parent.rows.link(old.$link);)*
                        *self.$table.rows.get_mut(handle) = old;
                    }
                    Change::Patch(handle) => {
                        *self.$table.rows.get_mut(handle) = {
                            // SAFETY: the entry of this change was pushed together with an
                            // image of this table's row, and entries are popped in order.
                            unsafe { self.log.pop_image::<$row>() }
                        };
                    }
                    Change::Delete(handle) => {
                        let old = {
                            // SAFETY: the entry of this change was pushed together with an
                            // image of this table's row, and entries are popped in order.
                            unsafe { self.log.pop_image::<$row>() }
                        };
                        self.$table.rows.undo_delete(handle, old);
                        let entered = self.$table.index(&old, handle);
                        assert!(entered.is_ok(), "undo out of order");
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
                    db.$table.check_found(&row, $crate::store::Handle::NULL)?;
                    $($crate::store::check_parent(
                        &db.$parent.rows, row.$link, stringify!($table), stringify!($link)
                    )?;)*
                    let (handle, reused) = db.$table.rows.insert(row)?;
                    if let Err(refused) = db.$table.index(&row, handle) {
                        db.$table.rows.undo_insert(handle, reused);
                        return Err(refused);
                    }
                    $(db.$parent.rows.link(row.$link);)*
                    db.log.push(undo::Entry::$table(if reused {
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
                        db.$table.check_found(&row, handle)?;
                        db.$table.check_ordered(&row, handle)?;
                        $($crate::store::check_parent(
                            &db.$parent.rows, row.$link, stringify!($table), stringify!($link)
                        )?;)*
                        db.$table.reindex(&old, &row, handle);
                        $(db.$parent.rows.unlink(old.$link);
                            db.$parent.rows.link(row.$link);)*
                    }
                    db.log.push_image(
                        undo::Entry::$table($crate::store::Change::Update(handle)),
                        &old,
                    );
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
                self.log.push_image(
                    undo::Entry::$table($crate::store::Change::Patch(handle)),
                    row,
                );
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
                    db.log.push_image(
                        undo::Entry::$table($crate::store::Change::Delete(handle)),
                        &old,
                    );
                    $($after_delete(db, &old)?;)*
                    Ok(())
                };
                if $table::Table::TRIGGERED { self.transaction(statement) } else { statement(self) }
            }
        }
    };
}
