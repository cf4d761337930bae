//! Live parameters on screen, and those that this slice reads itself.

use contract::identity::ParameterChanged;
use kernel::parameters::{Parameter, ParameterSpec};
use kernel::{Audit, Ctx};
use serde_json::{Value, json};

use crate::attempts::AttemptRules;
use crate::directory::Touched;
use crate::error::IdentityError;
use crate::session::Lifetimes;
use crate::{Identity, store};

const MINUTE_MILLIS: i64 = 60_000;

/// Returns what this slice reads.
pub(crate) fn specs() -> Vec<ParameterSpec> {
    let spec = |key, default: i64, zh, en| ParameterSpec { key, default: json!(default), zh, en };
    vec![
        spec(
            "identity.login_failures_max",
            5,
            "连续登录失败锁定次数",
            "Sign-in failures that lock an account",
        ),
        spec(
            "identity.login_lock_minutes",
            15,
            "登录锁定时长（分钟）",
            "How long an account is locked, minutes",
        ),
        spec(
            "identity.address_failures_max",
            50,
            "同一地址在锁定时长内允许的失败次数",
            "Sign-in failures of one address within the lock time",
        ),
        spec("identity.session_idle_minutes", 30, "会话空闲超时（分钟）", "Idle minutes that end a session"),
        spec("identity.session_hours", 12, "会话最长时长（小时）", "Hours after which every session ends"),
        ParameterSpec {
            key: "identity.registration_open",
            default: json!(true),
            zh: "开放单位承办人自助注册",
            en: "Clerks of units may apply for an account",
        },
        spec("identity.password_length_min", 10, "密码最短长度", "Shortest password"),
    ]
}

impl Identity {
    pub(crate) fn attempt_rules(&self) -> AttemptRules {
        AttemptRules {
            failures_max: self.kit.parameters.i64("identity.login_failures_max", 5).clamp(1, 100),
            lock_millis: self.lock_millis(),
        }
    }

    pub(crate) fn lock_millis(&self) -> i64 {
        self.kit.parameters.i64("identity.login_lock_minutes", 15).clamp(1, 24 * 60) * MINUTE_MILLIS
    }

    pub(crate) fn address_failures_max(&self) -> i64 {
        self.kit.parameters.i64("identity.address_failures_max", 50).max(1)
    }

    pub(crate) fn lifetimes(&self) -> Lifetimes {
        let minutes = self.kit.parameters.i64("identity.session_idle_minutes", 30).clamp(1, 24 * 60);
        let hours = self.kit.parameters.i64("identity.session_hours", 12).clamp(1, 24 * 7);
        Lifetimes { idle_millis: minutes * MINUTE_MILLIS, absolute_millis: hours * 60 * MINUTE_MILLIS }
    }

    pub(crate) fn password_length_min(&self) -> usize {
        let least = self.kit.parameters.i64("identity.password_length_min", 10).clamp(8, 64);
        usize::try_from(least).unwrap_or(10)
    }

    /// Sets a parameter; it is in force when this returns.
    ///
    /// # Errors
    /// When the key is unknown, the value has another type than the default, or the version is stale.
    pub async fn set_parameter(
        &self,
        ctx: &Ctx,
        key: &str,
        value: Value,
        version: i64,
    ) -> Result<Parameter, IdentityError> {
        let old = self.kit.parameters.get(key).ok_or(IdentityError::NotFound)?;
        let fits = match (&old.spec.default, &value) {
            (Value::Number(default), Value::Number(number)) => {
                number.as_f64().is_some_and(|number| number >= 0.0) && (default.is_f64() || number.is_i64())
            }
            (Value::Bool(_), Value::Bool(_))
            | (Value::Array(_), Value::Array(_))
            | (Value::Object(_), Value::Object(_)) => true,
            (Value::String(_), Value::String(text)) => text.chars().count() <= 2000,
            _ => false,
        };
        if !fits {
            return Err(IdentityError::field(
                "value",
                "type",
                "参数值的类型或范围不正确。",
                "The value has the wrong type or range.",
            ));
        }
        let mut change = self.begin_change().await?;
        if !self.kit.parameters.write(&mut change.tx, ctx, key, &value, version).await? {
            return Err(IdentityError::Stale { current: old.version });
        }
        change.tx.audit(
            ctx,
            Audit::new("parameter.change", "parameter", key).detail(json!({"from": old.value, "to": value})),
        );
        change.tx.emit(ctx, &ParameterChanged { key: key.to_owned() });
        self.finish(change, Touched::Nothing).await?;
        self.kit.parameters.reload(&self.kit.db).await?;
        self.kit.parameters.get(key).ok_or(IdentityError::NotFound)
    }

    /// Deletes what no longer counts: sessions after 180 days, failures after a day,
    /// applications that came to nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self) -> Result<(), kernel::DbError> {
        let now = self.kit.now();
        let mut tx = self.kit.db.begin().await?;
        store::session::sweep(tx.conn(), now.plus_secs(-180 * 24 * 3600)).await?;
        store::attempt::sweep(tx.conn(), now.plus_secs(-24 * 3600)).await?;
        tx.commit().await?;
        self.sweep_registrations(now).await
    }
}
