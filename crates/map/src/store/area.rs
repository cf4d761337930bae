//! Rows of `map_area`.

use std::sync::Arc;

use contract::map::MapAreasChanged;
use geo::shape::Polygon;
use kernel::{Audit, Ctx, Tx};
use serde_json::json;
use sqlx::FromRow;

use crate::Map;
use crate::area::{AREAS_MAX, Area, AreaKind};
use crate::error::MapError;

/// Tells whether the areas of a kind are still those that were read.
pub(crate) type AreasMark = (i64, i64, String, i64);

#[derive(FromRow)]
struct AreaRow {
    id: String,
    kind: String,
    code: String,
    name: String,
    shape: String,
    version: i64,
}

impl AreaRow {
    fn area(self) -> Option<Area> {
        Some(Area {
            kind: AreaKind::parse(&self.kind)?,
            id: self.id,
            code: self.code,
            name: self.name,
            areas: serde_json::from_str(&self.shape).ok()?,
            version: self.version,
        })
    }
}

fn written(areas: &[Polygon]) -> Result<String, MapError> {
    let short: Vec<Vec<Vec<[f64; 2]>>> = areas
        .iter()
        .map(|area| {
            area.iter()
                .map(|edge| edge.iter().map(|place| place.map(|value| (value * 1e7).round() / 1e7)).collect())
                .collect()
        })
        .collect();
    serde_json::to_string(&short).map_err(|error| MapError::Base(error.to_string()))
}

impl Map {
    /// Returns all areas of a kind, by code and name; kept in memory until they change.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn areas(&self, kind: AreaKind) -> Result<Arc<Vec<Area>>, MapError> {
        let mark: AreasMark = sqlx::query_as(
            "select count(*), coalesce(max(changed_at), 0), coalesce(max(id), ''), \
             cast(coalesce(sum(version), 0) as bigint) from map_area where kind = $1",
        )
        .bind(kind.code())
        .fetch_one(self.kit().db.reader())
        .await?;
        let kept = |map: &Self| {
            let kept = map.kept_areas().lock().expect("no holder of this lock can panic");
            kept.get(kind.code()).filter(|(known, _)| *known == mark).map(|(_, areas)| areas.clone())
        };
        if let Some(areas) = kept(self) {
            return Ok(areas);
        }
        let rows: Vec<AreaRow> = sqlx::query_as(
            "select id, kind, code, name, shape, version from map_area where kind = $1 order by code, name, id",
        )
        .bind(kind.code())
        .fetch_all(self.kit().db.reader())
        .await?;
        let areas = Arc::new(rows.into_iter().filter_map(AreaRow::area).collect::<Vec<Area>>());
        let mut kept = self.kept_areas().lock().expect("no holder of this lock can panic");
        kept.insert(kind.code().to_owned(), (mark, areas.clone()));
        Ok(areas)
    }

    /// Adds areas; with `replace` those of the kind that were there go first.
    ///
    /// # Errors
    /// [`MapError::Field`] when one is bad or there would be too many.
    pub async fn add_areas(
        &self,
        ctx: &Ctx,
        kind: AreaKind,
        areas: &[Area],
        replace: bool,
    ) -> Result<i64, MapError> {
        for area in areas {
            area.check()?;
        }
        let mut tx = self.kit().db.begin().await?;
        let mut gone = 0;
        if replace {
            gone = sqlx::query("delete from map_area where kind = $1")
                .bind(kind.code())
                .execute(tx.conn())
                .await?
                .rows_affected();
        }
        for area in areas {
            insert(&mut tx, ctx, area).await?;
        }
        let count = self.tell(&mut tx, ctx, kind).await?;
        if usize::try_from(count).unwrap_or(usize::MAX) > AREAS_MAX {
            return Err(MapError::field(
                "file",
                "每类区域最多 5000 个。",
                "There may be at most 5,000 areas of a kind.",
            ));
        }
        let audit = Audit::new("map_area.add", "map_area", kind.code());
        tx.audit(ctx, audit.detail(json!({ "added": areas.len(), "removed": gone })));
        tx.commit().await?;
        Ok(count)
    }

    /// Changes an area; without a shape only its name and code.
    ///
    /// # Errors
    /// [`MapError::Field`], [`MapError::Stale`], [`MapError::NotFound`].
    pub async fn change_area(&self, ctx: &Ctx, area: &Area) -> Result<(), MapError> {
        area.check()?;
        let mut tx = self.kit().db.begin().await?;
        let done = sqlx::query(
            "update map_area set code = $3, name = $4, shape = $5, corners = $6, version = version + 1, \
             changed_at = $7, changed_by = $8 where id = $1 and version = $2",
        )
        .bind(&area.id)
        .bind(area.version)
        .bind(area.code.trim())
        .bind(area.name.trim())
        .bind(written(&area.areas)?)
        .bind(i64::try_from(area.corners()).unwrap_or(i64::MAX))
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        if done.rows_affected() == 0 {
            let current: Option<(i64,)> = sqlx::query_as("select version from map_area where id = $1")
                .bind(&area.id)
                .fetch_optional(tx.conn())
                .await?;
            return Err(current.map_or(MapError::NotFound, |(current,)| MapError::Stale { current }));
        }
        self.tell(&mut tx, ctx, area.kind).await?;
        let audit = Audit::new("map_area.change", "map_area", &area.id);
        tx.audit(ctx, audit.detail(json!({ "name": area.name, "code": area.code })));
        Ok(tx.commit().await?)
    }

    /// Finds an area.
    ///
    /// # Errors
    /// [`MapError::NotFound`].
    pub async fn area(&self, id: &str) -> Result<Area, MapError> {
        let row: Option<AreaRow> =
            sqlx::query_as("select id, kind, code, name, shape, version from map_area where id = $1")
                .bind(id)
                .fetch_optional(self.kit().db.reader())
                .await?;
        row.and_then(AreaRow::area).ok_or(MapError::NotFound)
    }

    /// Deletes an area.
    ///
    /// # Errors
    /// [`MapError::NotFound`].
    pub async fn drop_area(&self, ctx: &Ctx, id: &str) -> Result<(), MapError> {
        let area = self.area(id).await?;
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from map_area where id = $1").bind(id).execute(tx.conn()).await?;
        if gone.rows_affected() == 0 {
            return Err(MapError::NotFound);
        }
        self.tell(&mut tx, ctx, area.kind).await?;
        tx.audit(ctx, Audit::new("map_area.drop", "map_area", id).detail(json!({ "name": area.name })));
        Ok(tx.commit().await?)
    }

    /// Tells screens that areas changed. Returns how many there are.
    async fn tell(&self, tx: &mut Tx, ctx: &Ctx, kind: AreaKind) -> Result<i64, MapError> {
        let (count,): (i64,) = sqlx::query_as("select count(*) from map_area where kind = $1")
            .bind(kind.code())
            .fetch_one(tx.conn())
            .await?;
        tx.emit(ctx, &MapAreasChanged { kind: kind.code().to_owned(), count });
        Ok(count)
    }
}

async fn insert(tx: &mut Tx, ctx: &Ctx, area: &Area) -> Result<(), MapError> {
    sqlx::query(
        "insert into map_area (id, kind, code, name, shape, corners, version, changed_at, changed_by) \
         values ($1, $2, $3, $4, $5, $6, 1, $7, $8)",
    )
    .bind(&area.id)
    .bind(area.kind.code())
    .bind(area.code.trim())
    .bind(area.name.trim())
    .bind(written(&area.areas)?)
    .bind(i64::try_from(area.corners()).unwrap_or(i64::MAX))
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    Ok(())
}
