//! Live parameters: changed on screen, in force at once.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use serde_json::Value;

use crate::{Ctx, Db, DbError, Tx};

/// A parameter that a slice reads, with its default.
#[derive(Clone, Debug)]
pub struct ParameterSpec {
    /// The key, `<slice>.<noun>_<unit>`.
    pub key: &'static str,
    /// What is in force while nobody has set it.
    pub default: Value,
    /// What it means, in Chinese.
    pub zh: &'static str,
    /// What it means, in English.
    pub en: &'static str,
}

/// A parameter with its present value.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// What it is.
    pub spec: ParameterSpec,
    /// What is in force.
    pub value: Value,
    /// How often it was changed; for optimistic locking.
    pub version: i64,
}

/// All parameters. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Arc<RwLock<HashMap<&'static str, Parameter>>>);

impl Parameters {
    /// Declares what a slice reads.
    pub fn declare(&self, specs: Vec<ParameterSpec>) {
        let mut known = self.0.write().expect("no holder of this lock can panic");
        for spec in specs {
            known.entry(spec.key).or_insert_with(|| Parameter {
                value: spec.default.clone(),
                spec,
                version: 0,
            });
        }
    }

    /// Reads stored values; called at start and when another node changed something.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reload(&self, db: &Db) -> Result<(), DbError> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("select key, value, version from kernel_parameter").fetch_all(db.reader()).await?;
        let mut known = self.0.write().expect("no holder of this lock can panic");
        for (key, value, version) in rows {
            if let (Some(parameter), Ok(value)) = (known.get_mut(key.as_str()), serde_json::from_str(&value))
                // Two reloads may cross; the older one must not win.
                && version >= parameter.version
            {
                parameter.value = value;
                parameter.version = version;
            }
        }
        Ok(())
    }

    /// Returns all parameters, sorted by key.
    #[must_use]
    pub fn all(&self) -> Vec<Parameter> {
        let mut list: Vec<_> =
            self.0.read().expect("no holder of this lock can panic").values().cloned().collect();
        list.sort_by_key(|parameter| parameter.spec.key);
        list
    }

    /// Returns a parameter.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Parameter> {
        self.0.read().expect("no holder of this lock can panic").get(key).cloned()
    }

    /// Returns a whole number, or `otherwise` when it is not one.
    #[must_use]
    pub fn i64(&self, key: &str, otherwise: i64) -> i64 {
        self.look(key, Value::as_i64).unwrap_or(otherwise)
    }

    /// Returns a truth value, or `otherwise` when it is not one.
    #[must_use]
    pub fn bool(&self, key: &str, otherwise: bool) -> bool {
        self.look(key, Value::as_bool).unwrap_or(otherwise)
    }

    /// Reads a value without copying it: rules ask for many, many times a second.
    fn look<T>(&self, key: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let known = self.0.read().expect("no holder of this lock can panic");
        read(&known.get(key)?.value)
    }

    /// Writes a value in `tx`; call [`Parameters::reload`] after the commit. Returns whether `version` was
    /// the present one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        key: &str,
        value: &Value,
        version: i64,
    ) -> Result<bool, DbError> {
        let changed = if version == 0 {
            sqlx::query(
                "insert into kernel_parameter (key, value, version, updated_at, updated_by) \
                 values ($1, $2, 1, $3, $4) on conflict (key) do nothing",
            )
            .bind(key)
            .bind(value.to_string())
            .bind(ctx.now.0)
            .bind(&ctx.actor.id)
            .execute(tx.conn())
            .await?
        } else {
            sqlx::query(
                "update kernel_parameter set value = $2, version = version + 1, updated_at = $3, \
                 updated_by = $4 where key = $1 and version = $5",
            )
            .bind(key)
            .bind(value.to_string())
            .bind(ctx.now.0)
            .bind(&ctx.actor.id)
            .bind(version)
            .execute(tx.conn())
            .await?
        };
        Ok(changed.rows_affected() == 1)
    }
}
