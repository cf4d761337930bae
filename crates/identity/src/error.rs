//! What can go wrong here, and what a client may know of it.

use axum::http::StatusCode;
use contract::identity::UnitHoldings;
use kernel::{BoxError, DbError, Problem, ToProblem};

/// A field that was refused, with a code and a sentence in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// The field of the request.
    pub field: &'static str,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong, in Chinese.
    pub zh: &'static str,
    /// What is wrong, in English.
    pub en: &'static str,
}

/// A refusal or failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The database failed.
    #[error("identity: the database failed")]
    Db(#[from] DbError),
    /// What was asked for does not exist, or not for this reader.
    #[error("not found")]
    NotFound,
    /// Somebody else changed it first.
    #[error("stale version, the present one is {current}")]
    Stale {
        /// The present version.
        current: i64,
    },
    /// Fields were refused.
    #[error("{} fields were refused", .0.len())]
    Fields(Vec<FieldFault>),
    /// A unit would hang below itself.
    #[error("a unit cannot be moved below itself")]
    UnitCycle,
    /// The tree would have more than three levels, or a second root.
    #[error("units have three levels below one centre")]
    UnitLevel,
    /// Something still hangs on the unit.
    #[error("the unit still has {units} active units, {people} active people, {holdings:?}")]
    UnitInUse {
        /// Active units directly below.
        units: i64,
        /// Active people.
        people: i64,
        /// What of other slices.
        holdings: UnitHoldings,
    },
    /// The unit was dissolved before.
    #[error("the unit is inactive already")]
    UnitGone,
    /// A neighbour could not answer.
    #[error("identity: a neighbour failed: {0}")]
    Port(BoxError),
    /// These roles may not come together in one person or one role.
    #[error("separation of duties: {0}")]
    RolesExclude(&'static str),
    /// A role grants what administrators of another kind do.
    #[error("the role would hold powers that exclude each other")]
    PowersExclude,
    /// Nobody changes their own rights.
    #[error("nobody changes their own roles")]
    OwnRoles,
    /// The last active person with an administrator's role stays.
    #[error("the last holder of {role} cannot be removed")]
    LastAdministrator {
        /// The role.
        role: String,
    },
    /// Account, password or both are wrong.
    #[error("sign-in refused")]
    SignInRefused,
    /// Too many failures.
    #[error("sign-in locked for {wait_secs} s")]
    SignInLocked {
        /// How long.
        wait_secs: u64,
    },
    /// A second factor is needed.
    #[error("a one-time code is needed")]
    TotpRequired,
    /// The one-time code is wrong or was used.
    #[error("the one-time code is wrong or used")]
    TotpWrong,
    /// A second factor is set up already, or not yet.
    #[error("the second factor is not in the state that this needs")]
    TotpState,
    /// Too many passwords wait to be checked.
    #[error("too many sign-ins at once")]
    Busy,
    /// The present password was given wrongly.
    #[error("the present password is wrong")]
    PasswordWrong,
    /// The city takes no applications for accounts.
    #[error("applications for accounts are closed")]
    RegistrationClosed,
    /// Too many applications wait.
    #[error("too many applications wait")]
    RegistrationsFull,
    /// The application was decided before, or is not at this step.
    #[error("the application is not at this step")]
    RegistrationDecided,
    /// A password could not be hashed, or a stored hash is unreadable.
    #[error("password hashing failed: {0}")]
    Hash(String),
}

impl From<sqlx::Error> for IdentityError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(DbError::Sql(error))
    }
}

impl IdentityError {
    /// One refused field.
    #[must_use]
    pub fn field(field: &'static str, code: &'static str, zh: &'static str, en: &'static str) -> Self {
        Self::Fields(vec![FieldFault { field, code, zh, en }])
    }

    /// Turns the refusal of a unique key into the field that is taken.
    #[must_use]
    pub fn or_taken(error: DbError, field: &'static str) -> Self {
        if error.is_unique_violation() {
            Self::field(field, "taken", "已被使用，请换一个。", "Already in use; choose another.")
        } else {
            Self::Db(error)
        }
    }
}

impl ToProblem for IdentityError {
    fn problem(&self) -> Problem {
        let conflict = |code| Problem::new(StatusCode::CONFLICT, code);
        let refused = |code| Problem::new(StatusCode::UNAUTHORIZED, code);
        match self {
            Self::Db(error) => error.problem(),
            Self::NotFound => Problem::not_found(),
            Self::Stale { current } => Problem::stale_version(*current),
            Self::Fields(faults) => faults.iter().fold(Problem::invalid(), |problem, fault| {
                problem.field(fault.field, fault.code, fault.zh, fault.en)
            }),
            Self::UnitCycle => conflict("unit.cycle")
                .detail_zh("不能把单位移到它自己或其下级之下。")
                .detail_en("A unit cannot be moved below itself."),
            Self::UnitLevel => conflict("unit.level")
                .detail_zh("单位只有三级：一级为热线中心，二级为部门、区县，三级为其下属单位。")
                .detail_en("Units have three levels: the centre, departments and districts, their sub-units."),
            Self::UnitInUse { units, people, holdings } => {
                let UnitHoldings { orders, tasks, catalogue_rows } = holdings;
                conflict("unit.in_use")
                    .detail_zh(format!(
                        "该单位还有 {units} 个在用下级单位、{people} 名在岗人员、{orders} 件在办工单、{tasks} 项待办、\
                         {catalogue_rows} 条派单目录。下级单位请先移走或停用，其余请指定承接单位。"
                    ))
                    .detail_en(format!(
                        "The unit still has {units} active sub-units, {people} active people, {orders} open \
                         orders, {tasks} open tasks and {catalogue_rows} rows of the catalogue. Move or close \
                         the sub-units first; name a successor for the rest."
                    ))
                    .with("units", (*units).into())
                    .with("people", (*people).into())
                    .with("orders", (*orders).into())
                    .with("tasks", (*tasks).into())
                    .with("catalogue_rows", (*catalogue_rows).into())
            }
            Self::UnitGone => conflict("unit.gone")
                .detail_zh("该单位已停用。")
                .detail_en("The unit is inactive already."),
            Self::Port(_) => Problem::from_internal(self),
            Self::RolesExclude(_) => conflict("role.exclusive")
                .detail_zh("系统管理员、安全管理员、审计管理员互斥，且不得兼任业务角色（三权分立）。")
                .detail_en(
                    "System, security and audit administrator exclude each other and every role that \
                     changes business data (separation of duties).",
                ),
            Self::PowersExclude => conflict("role.powers_exclusive")
                .detail_zh("一个角色不能同时拥有系统、安全、审计三类管理权限中的两类，管理员角色也不能拥有业务权限。")
                .detail_en(
                    "One role cannot hold two of the system, security and audit powers, nor an \
                     administrator's role the power to change business data.",
                ),
            Self::OwnRoles => conflict("role.own")
                .detail_zh("不能修改自己的角色，请由另一位安全管理员操作。")
                .detail_en("You cannot change your own roles; another security administrator can."),
            Self::LastAdministrator { role } => conflict("role.last_administrator")
                .detail_zh("这是最后一位在岗的该类管理员，请先指定接任者。")
                .detail_en("This is the last active administrator of this kind; appoint another first.")
                .with("role", role.clone().into()),
            Self::SignInRefused => refused("session.refused")
                .detail_zh("账号或密码错误。连续多次错误将暂时锁定。")
                .detail_en("Account or password is wrong. Repeated failures lock the account for a while."),
            Self::SignInLocked { wait_secs } => {
                let minutes = wait_secs.div_ceil(60);
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "session.locked")
                    .detail_zh(format!("错误次数过多，已锁定，请在 {minutes} 分钟后重试，或请安全管理员解锁。"))
                    .detail_en(format!(
                        "Too many failures; try again in {minutes} min or ask a security administrator."
                    ))
                    .retry_after(*wait_secs)
            }
            Self::TotpRequired => refused("session.totp_required")
                .detail_zh("请输入验证器上的 6 位动态码。")
                .detail_en("Enter the 6-digit code of your authenticator."),
            Self::TotpWrong => refused("session.totp_wrong")
                .detail_zh("动态码错误或已使用，请等待下一个动态码。")
                .detail_en("The code is wrong or was used; wait for the next."),
            Self::TotpState => conflict("session.totp_state")
                .detail_zh("两步验证已启用，或尚未开始设置。")
                .detail_en("Two-step sign-in is on already, or its set-up has not begun."),
            Self::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "session.busy")
                .detail_zh("登录人数较多，请稍候重试。")
                .detail_en("Many people are signing in; please try again shortly.")
                .retry_after(2),
            Self::PasswordWrong => Problem::invalid().field(
                "password",
                "wrong",
                "当前密码不正确。",
                "The present password is wrong.",
            ),
            Self::RegistrationClosed => conflict("registration.closed")
                .detail_zh("暂未开放自助注册，请联系本单位管理员。")
                .detail_en("Applications are closed; ask your unit's administrator."),
            Self::RegistrationsFull => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "registration.full")
                .detail_zh("该单位待审批的申请较多，请稍后再试。")
                .detail_en("Too many applications wait at this unit; please try again later.")
                .retry_after(3600),
            Self::RegistrationDecided => conflict("registration.decided")
                .detail_zh("该申请已处理，或尚未到这一步，请刷新后查看。")
                .detail_en("The application was decided or is not at this step; please reload."),
            Self::Hash(_) => Problem::from_internal(self),
        }
    }
}
