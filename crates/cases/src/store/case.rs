//! Rows of `cases_case`.

use contract::cases::CaseId;
use kernel::db::Real;
use kernel::{Timestamp, Writes};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::{application, errand, task};
use crate::case::rating::RatingSource;
use crate::case::reply::{Reply, ReplyWay};
use crate::case::{Case, Citizen, Kind, Place, Source, Status, UnitRef, Urgency};
use crate::error::CaseError;

/// The columns of a row, prefixed by `c.` so that joins can use them.
pub(crate) const COLUMNS: &str = "c.id, c.number, c.query_code, c.type as kind, c.category_id, c.title, c.content, \
    c.contact_id, c.contact_name, c.contact_phone, c.contact_gender, c.confidential, c.district, c.address, \
    c.lng, c.lat, c.call_id, c.source, c.urgency, c.status, c.preliminary_opinion, c.answer, c.unit_id, \
    c.unit_path, c.person_id, c.created_by, c.created_by_name, c.created_unit_id, c.created_unit_path, \
    c.created_at, c.updated_at, c.dispatched_at, c.accepted_at, c.handled_at, c.settled_at, c.archived_at, \
    c.in_time, c.due_at, c.yellow_at, c.stars, c.rated_by, c.visits, c.reopened, c.version, \
    c.standing, c.tier, c.old_number, c.reply_way, c.reply_to";

#[derive(FromRow)]
pub(crate) struct CaseRow {
    id: String,
    number: String,
    query_code: String,
    kind: String,
    category_id: Option<String>,
    title: String,
    content: String,
    contact_id: Option<String>,
    contact_name: String,
    contact_phone: Option<String>,
    contact_gender: Option<String>,
    confidential: i64,
    district: Option<String>,
    address: Option<String>,
    lng: Option<f64>,
    lat: Option<f64>,
    call_id: Option<String>,
    source: String,
    urgency: String,
    status: String,
    preliminary_opinion: Option<String>,
    answer: Option<String>,
    unit_id: Option<String>,
    unit_path: Option<String>,
    person_id: Option<String>,
    created_by: Option<String>,
    created_by_name: String,
    created_unit_id: Option<String>,
    created_unit_path: Option<String>,
    created_at: i64,
    updated_at: i64,
    dispatched_at: Option<i64>,
    accepted_at: Option<i64>,
    handled_at: Option<i64>,
    settled_at: Option<i64>,
    archived_at: Option<i64>,
    in_time: Option<i64>,
    due_at: Option<i64>,
    yellow_at: Option<i64>,
    stars: Option<i64>,
    rated_by: Option<String>,
    visits: i64,
    reopened: i64,
    version: i64,
    standing: String,
    tier: Option<String>,
    old_number: Option<String>,
    reply_way: Option<String>,
    reply_to: Option<String>,
}

pub(super) fn word<T>(
    what: &'static str,
    code: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, CaseError> {
    read(code).ok_or_else(|| CaseError::Stored { what, reason: format!("unknown code {code:?}") })
}

pub(super) fn unit(id: Option<String>, path: Option<String>) -> Option<UnitRef> {
    Some(UnitRef { id: id?, path: path? })
}

impl TryFrom<CaseRow> for Case {
    type Error = CaseError;

    /// Reads a row; tasks and helping units are read apart.
    fn try_from(row: CaseRow) -> Result<Self, CaseError> {
        Ok(Self {
            kind: word("type", &row.kind, Kind::parse)?,
            source: word("source", &row.source, Source::parse)?,
            urgency: word("urgency", &row.urgency, Urgency::parse)?,
            status: word("status", &row.status, Status::parse)?,
            id: CaseId(row.id),
            number: row.number,
            query_code: row.query_code,
            old_number: row.old_number,
            category_id: row.category_id,
            title: row.title,
            content: row.content,
            citizen: Citizen {
                contact_id: row.contact_id,
                name: row.contact_name,
                phone: row.contact_phone,
                gender: row.contact_gender,
                reply: match row.reply_way {
                    Some(way) => {
                        Some(Reply { way: word("reply_way", &way, ReplyWay::parse)?, to: row.reply_to })
                    }
                    None => None,
                },
            },
            confidential: row.confidential != 0,
            place: Place { district: row.district, address: row.address, lng: row.lng, lat: row.lat },
            call_id: row.call_id,
            preliminary_opinion: row.preliminary_opinion,
            answer: row.answer,
            unit: unit(row.unit_id, row.unit_path),
            person_id: row.person_id,
            created_by: row.created_by,
            created_by_name: row.created_by_name,
            created_unit: unit(row.created_unit_id, row.created_unit_path),
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            dispatched_at: row.dispatched_at.map(Timestamp),
            accepted_at: row.accepted_at.map(Timestamp),
            handled_at: row.handled_at.map(Timestamp),
            settled_at: row.settled_at.map(Timestamp),
            archived_at: row.archived_at.map(Timestamp),
            in_time: row.in_time.map(|value| value != 0),
            due_at: row.due_at.map(Timestamp),
            yellow_at: row.yellow_at.map(Timestamp),
            stars: row.stars,
            rated_by: row.rated_by.as_deref().and_then(RatingSource::parse),
            visits: row.visits,
            reopened: row.reopened,
            version: row.version,
            tier: row.tier,
            co_units: Vec::new(),
            tasks: Vec::new(),
            standing: serde_json::from_str(&row.standing)
                .map_err(|error| CaseError::Stored { what: "standing", reason: error.to_string() })?,
            applications: Vec::new(),
            errands: Vec::new(),
        })
    }
}

/// Reads an order with its open tasks and helping units.
pub(crate) async fn load(conn: &mut AnyConnection, id: &CaseId) -> Result<Option<Case>, CaseError> {
    let sql = format!("select {COLUMNS} from cases_case c where c.id = $1");
    let row: Option<CaseRow> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(&mut *conn).await?;
    match row {
        None => Ok(None),
        Some(row) => Ok(Some(complete(conn, row.try_into()?).await?)),
    }
}

async fn complete(conn: &mut AnyConnection, mut case: Case) -> Result<Case, CaseError> {
    case.tasks = task::open_of(conn, &case.id).await?;
    case.applications = application::of(conn, &case.id).await?;
    case.errands = errand::of(conn, &case.id).await?;
    case.co_units =
        sqlx::query_scalar("select unit_id from cases_co_unit where case_id = $1 order by unit_id")
            .bind(case.id.as_str())
            .fetch_all(conn)
            .await?;
    Ok(case)
}

/// Takes the order for a change: the version goes up, so that whoever read the old one comes too late.
/// Returns whether it was still at `version`.
pub(crate) async fn claim(conn: &mut AnyConnection, id: &CaseId, version: i64) -> Result<bool, CaseError> {
    let claimed = sqlx::query("update cases_case set version = version + 1 where id = $1 and version = $2")
        .bind(id.as_str())
        .bind(version)
        .execute(conn)
        .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Keeps others from changing the order until this transaction ends, without a change of its own. Returns whether it
/// was still at `version`.
pub(crate) async fn hold(conn: &mut AnyConnection, id: &CaseId, version: i64) -> Result<bool, CaseError> {
    let held = sqlx::query("update cases_case set version = version where id = $1 and version = $2")
        .bind(id.as_str())
        .bind(version)
        .execute(conn)
        .await?;
    Ok(held.rows_affected() == 1)
}

/// Reads the present version.
pub(crate) async fn version(conn: &mut AnyConnection, id: &CaseId) -> Result<i64, CaseError> {
    Ok(sqlx::query_scalar("select version from cases_case where id = $1")
        .bind(id.as_str())
        .fetch_one(conn)
        .await?)
}

/// Writes a fresh order with its run through the flow: one row, because every row counts here.
pub(crate) fn insert(writes: &mut Writes, case: &Case, flow_id: &str, flow_state: &str) {
    let reply = case.citizen.reply.as_ref();
    writes.insert(
        "cases_case (id, number, query_code, type, category_id, title, content, contact_id, \
         contact_name, contact_phone, contact_gender, confidential, district, address, lng, lat, call_id, source, \
         urgency, status, preliminary_opinion, answer, created_by, created_by_name, created_unit_id, created_unit_path, \
         created_at, updated_at, settled_at, in_time, due_at, yellow_at, visits, reopened, version, flow_id, flow_state, flow_version, \
         reply_way, reply_to)",
        [
            case.id.as_str().into(),
            (&case.number).into(),
            (&case.query_code).into(),
            case.kind.code().into(),
            case.category_id.as_ref().into(),
            (&case.title).into(),
            (&case.content).into(),
            case.citizen.contact_id.as_ref().into(),
            (&case.citizen.name).into(),
            case.citizen.phone.as_ref().into(),
            case.citizen.gender.as_ref().into(),
            i64::from(case.confidential).into(),
            case.place.district.as_ref().into(),
            case.place.address.as_ref().into(),
            case.place.lng.into(),
            case.place.lat.into(),
            case.call_id.as_ref().into(),
            case.source.code().into(),
            case.urgency.code().into(),
            case.status.code().into(),
            case.preliminary_opinion.as_ref().into(),
            case.answer.as_ref().into(),
            case.created_by.as_ref().into(),
            (&case.created_by_name).into(),
            case.created_unit.as_ref().map(|unit| &unit.id).into(),
            case.created_unit.as_ref().map(|unit| &unit.path).into(),
            case.created_at.0.into(),
            case.updated_at.0.into(),
            case.settled_at.map(|at| at.0).into(),
            case.in_time.map(i64::from).into(),
            case.due_at.map(|at| at.0).into(),
            case.yellow_at.map(|at| at.0).into(),
            0_i64.into(),
            0_i64.into(),
            case.version.into(),
            flow_id.into(),
            flow_state.into(),
            1_i64.into(),
            reply.map(|reply| reply.way.code()).into(),
            reply.and_then(|reply| reply.to.as_ref()).into(),
        ],
    );
}

/// Writes an order that was closed before it came here.
pub(crate) fn insert_closed(writes: &mut Writes, case: &Case, flow_id: &str, flow_state: &str) {
    let unit_id = || case.unit.as_ref().map(|unit| &unit.id);
    let first_unit = case.standing.first_unit.as_ref();
    writes.insert(
        "cases_case (id, number, query_code, old_number, type, category_id, title, content, contact_id, \
         contact_name, contact_phone, confidential, district, address, source, urgency, status, answer, unit_id, \
         unit_path, created_by_name, created_unit_id, created_unit_path, created_at, updated_at, dispatched_at, \
         handled_at, settled_at, archived_at, visits, reopened, version, standing, first_unit_id, flow_id, flow_state, \
         flow_version)",
        [
            case.id.as_str().into(),
            (&case.number).into(),
            (&case.query_code).into(),
            case.old_number.as_ref().into(),
            case.kind.code().into(),
            case.category_id.as_ref().into(),
            (&case.title).into(),
            (&case.content).into(),
            case.citizen.contact_id.as_ref().into(),
            (&case.citizen.name).into(),
            case.citizen.phone.as_ref().into(),
            i64::from(case.confidential).into(),
            case.place.district.as_ref().into(),
            case.place.address.as_ref().into(),
            case.source.code().into(),
            case.urgency.code().into(),
            case.status.code().into(),
            case.answer.as_ref().into(),
            unit_id().into(),
            case.unit.as_ref().map(|unit| &unit.path).into(),
            (&case.created_by_name).into(),
            case.created_unit.as_ref().map(|unit| &unit.id).into(),
            case.created_unit.as_ref().map(|unit| &unit.path).into(),
            case.created_at.0.into(),
            case.updated_at.0.into(),
            case.dispatched_at.map(|at| at.0).into(),
            case.handled_at.map(|at| at.0).into(),
            case.settled_at.map(|at| at.0).into(),
            case.archived_at.map(|at| at.0).into(),
            0_i64.into(),
            0_i64.into(),
            case.version.into(),
            serde_json::to_string(&case.standing).expect("a standing is plain data").into(),
            first_unit.map(|unit| &unit.id).into(),
            flow_id.into(),
            flow_state.into(),
            1_i64.into(),
        ],
    );
}

/// Writes what behaviours change. The version was raised by [`claim`].
pub(crate) async fn update(conn: &mut AnyConnection, case: &Case) -> Result<(), CaseError> {
    sqlx::query(
        "update cases_case set type = $2, category_id = $3, title = $4, content = $5, confidential = $6, \
         district = $7, address = $8, lng = $9, lat = $10, urgency = $11, status = $12, \
         preliminary_opinion = $13, answer = $14, unit_id = $15, unit_path = $16, person_id = $17, \
         updated_at = $18, dispatched_at = $19, accepted_at = $20, handled_at = $21, settled_at = $22, \
         archived_at = $23, in_time = $24, due_at = $25, yellow_at = $26, stars = $27, visits = $28, \
         reopened = $29, rated_by = $30, standing = $31, main_id = $32, struck_out = $33, first_unit_id = $34, \
         tier = $35, reply_way = $36, reply_to = $37 where id = $1",
    )
    .bind(case.id.as_str())
    .bind(case.kind.code())
    .bind(case.category_id.as_ref())
    .bind(&case.title)
    .bind(&case.content)
    .bind(i64::from(case.confidential))
    .bind(case.place.district.as_ref())
    .bind(case.place.address.as_ref())
    .bind(Real(case.place.lng))
    .bind(Real(case.place.lat))
    .bind(case.urgency.code())
    .bind(case.status.code())
    .bind(case.preliminary_opinion.as_ref())
    .bind(case.answer.as_ref())
    .bind(case.unit.as_ref().map(|unit| &unit.id))
    .bind(case.unit.as_ref().map(|unit| &unit.path))
    .bind(case.person_id.as_ref())
    .bind(case.updated_at.0)
    .bind(case.dispatched_at.map(|at| at.0))
    .bind(case.accepted_at.map(|at| at.0))
    .bind(case.handled_at.map(|at| at.0))
    .bind(case.settled_at.map(|at| at.0))
    .bind(case.archived_at.map(|at| at.0))
    .bind(case.in_time.map(i64::from))
    .bind(case.due_at.map(|at| at.0))
    .bind(case.yellow_at.map(|at| at.0))
    .bind(case.stars)
    .bind(case.visits)
    .bind(case.reopened)
    .bind(case.rated_by.map(RatingSource::code))
    .bind(serde_json::to_string(&case.standing).expect("a standing is plain data"))
    .bind(case.standing.main_id.as_ref().map(|id| id.as_str()))
    .bind(i64::from(case.standing.struck_out))
    .bind(case.standing.first_unit.as_ref().map(|unit| &unit.id))
    .bind(case.tier.as_ref())
    .bind(case.citizen.reply.as_ref().map(|reply| reply.way.code()))
    .bind(case.citizen.reply.as_ref().and_then(|reply| reply.to.as_ref()))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes which units help.
pub(crate) async fn replace_co_units(conn: &mut AnyConnection, case: &Case) -> Result<(), CaseError> {
    sqlx::query("delete from cases_co_unit where case_id = $1")
        .bind(case.id.as_str())
        .execute(&mut *conn)
        .await?;
    for unit_id in &case.co_units {
        sqlx::query("insert into cases_co_unit (case_id, unit_id) values ($1, $2)")
            .bind(case.id.as_str())
            .bind(unit_id)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
