//! Append-only migrations, one numbering for each slice.

use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use super::{Db, DbError, Dialect};
use crate::Migration;
use crate::crypto::sha256_hex;

/// Runs what has not run yet of one slice's migrations. `{blob}` stands for the dialect's binary type.
///
/// # Errors
/// When a statement fails or a migration that already ran has another text now.
pub async fn migrate(db: &Db, slice: &str, migrations: &[Migration]) -> Result<usize, DbError> {
    let mut tx = db.begin().await?;
    if db.dialect() == Dialect::Postgres {
        // Two nodes that start together take turns.
        tx.conn().execute("select pg_advisory_xact_lock(12345)").await?;
    }
    tx.conn()
        .execute(
            "create table if not exists kernel_migration (slice text not null, version bigint not null, \
             name text not null, digest text not null, primary key (slice, version))",
        )
        .await?;
    let mut ran = 0;
    for migration in migrations {
        let digest = sha256_hex(migration.sql.as_bytes());
        let known = sqlx::query("select digest from kernel_migration where slice = $1 and version = $2")
            .bind(slice)
            .bind(migration.version)
            .fetch_optional(tx.conn())
            .await?;
        if let Some(row) = known {
            if row.get::<String, _>(0) != digest {
                return Err(DbError::MigrationChanged {
                    slice: slice.to_owned(),
                    version: migration.version,
                });
            }
            continue;
        }
        let blob = if db.dialect() == Dialect::Postgres { "bytea" } else { "blob" };
        for statement in migration.sql.replace("{blob}", blob).split(";\n") {
            let statement = statement.trim().trim_end_matches(';');
            if !statement.is_empty() {
                tx.conn().execute(AssertSqlSafe(statement.to_owned())).await?;
            }
        }
        sqlx::query("insert into kernel_migration (slice, version, name, digest) values ($1, $2, $3, $4)")
            .bind(slice)
            .bind(migration.version)
            .bind(migration.name)
            .bind(digest)
            .execute(tx.conn())
            .await?;
        ran += 1;
    }
    tx.commit().await?;
    Ok(ran)
}
