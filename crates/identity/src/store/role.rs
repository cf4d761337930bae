//! Roles, their grants, and who has them.

use std::collections::BTreeSet;

use contract::identity::PersonId;
use kernel::{DbError, Scope};
use sqlx::AnyConnection;

use crate::role::Role;

type Row = (String, String, String, i64, String, i64, i64, Option<String>);

fn role((id, name_zh, name_en, exclusive, masks, sort, version, shipped): Row) -> Role {
    Role {
        id,
        name_zh,
        name_en,
        exclusive: exclusive != 0,
        grants: std::collections::BTreeMap::new(),
        masks: serde_json::from_str::<BTreeSet<String>>(&masks).unwrap_or_default(),
        sort,
        version,
        shipped: shipped.and_then(|text| serde_json::from_str(&text).ok()),
    }
}

pub(crate) async fn all(conn: &mut AnyConnection) -> Result<Vec<Role>, DbError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select id, name_zh, name_en, exclusive, masks, sort, version, shipped from identity_role order by sort, id",
    )
    .fetch_all(&mut *conn)
    .await?;
    let grants: Vec<(String, String, String)> =
        sqlx::query_as("select role_id, capability, scope from identity_grant").fetch_all(conn).await?;
    let mut roles: Vec<Role> = rows.into_iter().map(role).collect();
    for (role_id, capability, scope) in grants {
        if let (Some(role), Some(scope)) =
            (roles.iter_mut().find(|role| role.id == role_id), Scope::parse(&scope))
        {
            role.grants.insert(capability, scope);
        }
    }
    Ok(roles)
}

pub(crate) async fn find(conn: &mut AnyConnection, id: &str) -> Result<Option<Role>, DbError> {
    Ok(all(conn).await?.into_iter().find(|role| role.id == id))
}

/// Writes a role that may exist with all its grants.
pub(crate) async fn replace(conn: &mut AnyConnection, role: &Role) -> Result<(), DbError> {
    let masks = serde_json::to_string(&role.masks).unwrap_or_else(|_| "[]".to_owned());
    let shipped = role.shipped.as_ref().and_then(|shipped| serde_json::to_string(shipped).ok());
    sqlx::query(
        "insert into identity_role (id, name_zh, name_en, exclusive, masks, sort, version, shipped) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do update set name_zh = excluded.name_zh, \
         name_en = excluded.name_en, masks = excluded.masks, sort = excluded.sort, version = excluded.version, \
         shipped = excluded.shipped",
    )
    .bind(&role.id)
    .bind(&role.name_zh)
    .bind(&role.name_en)
    .bind(i64::from(role.exclusive))
    .bind(masks)
    .bind(role.sort)
    .bind(role.version)
    .bind(shipped)
    .execute(&mut *conn)
    .await?;
    sqlx::query("delete from identity_grant where role_id = $1").bind(&role.id).execute(&mut *conn).await?;
    for (capability, scope) in &role.grants {
        sqlx::query("insert into identity_grant (role_id, capability, scope) values ($1, $2, $3)")
            .bind(&role.id)
            .bind(capability)
            .bind(scope.as_str())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Returns the roles of everybody, or of one person.
pub(crate) async fn holders(
    conn: &mut AnyConnection,
    person: Option<&PersonId>,
) -> Result<Vec<(String, String)>, DbError> {
    Ok(sqlx::query_as(
        "select person_id, role_id from identity_person_role where $1 = '' or person_id = $1 \
         order by person_id, role_id",
    )
    .bind(person.map_or("", |id| id.as_str()))
    .fetch_all(conn)
    .await?)
}

pub(crate) async fn of_person(conn: &mut AnyConnection, id: &PersonId) -> Result<Vec<String>, DbError> {
    Ok(holders(conn, Some(id)).await?.into_iter().map(|(_, role)| role).collect())
}

pub(crate) async fn assign(conn: &mut AnyConnection, id: &PersonId, roles: &[String]) -> Result<(), DbError> {
    sqlx::query("delete from identity_person_role where person_id = $1")
        .bind(id.as_str())
        .execute(&mut *conn)
        .await?;
    for role in roles.iter().collect::<BTreeSet<_>>() {
        sqlx::query("insert into identity_person_role (person_id, role_id) values ($1, $2)")
            .bind(id.as_str())
            .bind(role)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
