//! Where orders are: counted by place and day for maps, and listed.

use async_trait::async_trait;
use contract::cases::CaseId;
use contract::identity::UnitId;
use contract::insight::{PlaceBounds, PlaceFigures, PlaceQuestion, PlaceRow, PlacedCases, Places};
use kernel::{Principal, Problem, Scope, ToProblem as _};

use crate::Insight;
use crate::engine::View;
use crate::error::InsightError;
use crate::fact::ORDERS;
use crate::report::dimension;
use crate::report::period::Period;
use crate::report::question::Question;
use crate::scope;

/// So many places and days a map is told at most.
const ROWS_MAX: usize = 40_000;
/// How finely places are told apart: digits after the point, and the same in metres. When there are too many at one
/// step, the next one is taken.
const GRAINS: [(i32, i64); 4] = [(5, 1), (4, 10), (3, 100), (2, 1_000)];
/// So many orders of a rectangle are looked at.
const LOOKED_AT_MAX: usize = 20_000;
/// The longest period of a map, in days: it is played day by day.
const DAYS_MAX: i64 = 400;

/// A question with what it takes to ask the engine.
struct Prepared {
    view: View,
    condition: String,
    first_day: i64,
}

impl Insight {
    async fn prepare(
        &self,
        by: &Principal,
        reach: Scope,
        asked: &PlaceQuestion,
    ) -> Result<Prepared, InsightError> {
        let period = Period::parse(&asked.from, &asked.to)?;
        if (period.to - period.from).num_days() >= DAYS_MAX {
            return Err(InsightError::question(
                "from",
                "地图的统计区间最长 400 天。",
                "A map shows at most 400 days.",
            ));
        }
        let mut conditions = Question::conditions(&ORDERS, &asked.conditions)?;
        if let Some(id) = asked.unit_id.as_deref().filter(|id| !id.is_empty()) {
            let below = self.sources().directory.units_under(&UnitId(id.to_owned())).await;
            let below = below.map_err(InsightError::Port)?;
            if let Some(unit) = dimension::find(ORDERS.name, "unit") {
                conditions.push((unit, below.into_iter().map(|unit| unit.id.0).collect()));
            }
        }
        let question = Question {
            table: &ORDERS,
            axis: "at",
            only: None,
            period,
            compare: None,
            by: Vec::new(),
            measures: Vec::new(),
            conditions,
            sort: None,
        };
        let zone = self.lake().zone();
        let view = View {
            table: &ORDERS,
            scope: scope::condition(&ORDERS, reach, by),
            months: Some(period.months(zone, "at")),
        };
        let condition = question.condition(period, zone, self.kit().now().0);
        let first_day = (period.instants(zone).0 + period.offset_ms(zone)).div_euclid(86_400_000);
        Ok(Prepared { view, condition, first_day })
    }

    async fn count_places(
        &self,
        by: &Principal,
        reach: Scope,
        asked: &PlaceQuestion,
    ) -> Result<Places, InsightError> {
        let Prepared { view, condition, first_day } = self.prepare(by, reach, asked).await?;
        let now = self.kit().now().0;
        let snapshot = self.lake().snapshot();
        let none = format!("select count(*) from orders where {condition} and (lng is null or lat is null)");
        let none = self.engine().ask(snapshot.clone(), vec![view.clone()], none, 1).await?;
        let unplaced = none.rows.first().and_then(|row| row[0].int()).unwrap_or(0);
        for (digits, grain_m) in GRAINS {
            let scale = 10_i64.pow(digits.unsigned_abs());
            let sql = format!(
                "select cast(round(lng * {scale}) as bigint), cast(round(lat * {scale}) as bigint), day, count(*), \
                 sum(case when settled_at is null then 1 else 0 end), \
                 sum(case when settled_at is null and due_at < {now} then 1 else 0 end) \
                 from orders where {condition} and lng is not null and lat is not null group by 1, 2, 3"
            );
            let found = self.engine().ask(snapshot.clone(), vec![view.clone()], sql, ROWS_MAX).await?;
            if found.cut {
                continue;
            }
            let number = |row: &crate::fact::Row, at: usize| row[at].int().unwrap_or(0);
            #[expect(clippy::cast_precision_loss, reason = "degrees times 100,000 at most")]
            let degrees = |row: &crate::fact::Row, at: usize| number(row, at) as f64 / scale as f64;
            let rows = found
                .rows
                .iter()
                .map(|row| PlaceRow {
                    lng: degrees(row, 0),
                    lat: degrees(row, 1),
                    day: number(row, 2) - first_day,
                    count: number(row, 3),
                    open: number(row, 4),
                    red: number(row, 5),
                })
                .collect();
            return Ok(Places { rows, grain_m, unplaced });
        }
        Err(InsightError::question(
            "from",
            "地图上的地点过多，请缩短统计区间。",
            "There are too many places; ask for a shorter period.",
        ))
    }

    #[expect(clippy::too_many_arguments, reason = "as the port's")]
    async fn list_places(
        &self,
        by: &Principal,
        reach: Scope,
        asked: &PlaceQuestion,
        [west, south, east, north]: PlaceBounds,
        keeps: &(dyn Fn(f64, f64) -> bool + Sync),
        skip: usize,
        take: usize,
    ) -> Result<PlacedCases, InsightError> {
        if ![west, south, east, north].iter().all(|value| value.is_finite()) {
            return Err(InsightError::question("bounds", "范围不正确。", "This is no rectangle."));
        }
        let Prepared { view, condition, .. } = self.prepare(by, reach, asked).await?;
        let sql = format!(
            "select id, lng, lat from orders where {condition} and lng >= {west:?} and lng <= {east:?} \
             and lat >= {south:?} and lat <= {north:?} order by at desc, id desc"
        );
        let found = self.engine().ask(self.lake().snapshot(), vec![view], sql, LOOKED_AT_MAX).await?;
        let place = |row: &crate::fact::Row| Some((row[1].number()?, row[2].number()?));
        let inside: Vec<(CaseId, f64, f64)> = found
            .rows
            .iter()
            .filter_map(|row| {
                let (lng, lat) = place(row)?;
                keeps(lng, lat).then(|| (CaseId(row[0].key()), lng, lat))
            })
            .collect();
        let page: Vec<&(CaseId, f64, f64)> = inside.iter().skip(skip).take(take).collect();
        let ids: Vec<CaseId> = page.iter().map(|(id, ..)| id.clone()).collect();
        let lines = self.sources().cases.case_lines(by, &ids).await.map_err(InsightError::Port)?;
        let hidden = ids.len() - lines.len();
        let lines = lines
            .into_iter()
            .filter_map(|line| {
                let (_, lng, lat) = page.iter().find(|(id, ..)| *id.0 == *line.id)?;
                Some((line, *lng, *lat))
            })
            .collect();
        Ok(PlacedCases { total: inside.len(), cut: found.cut, lines, hidden })
    }
}

#[async_trait]
impl PlaceFigures for Insight {
    async fn places(
        &self,
        by: &Principal,
        reach: Scope,
        question: &PlaceQuestion,
    ) -> Result<Places, Problem> {
        self.count_places(by, reach, question).await.map_err(|error| error.problem())
    }

    async fn cases_within(
        &self,
        by: &Principal,
        reach: Scope,
        question: &PlaceQuestion,
        bounds: PlaceBounds,
        keeps: &(dyn Fn(f64, f64) -> bool + Sync),
        skip: usize,
        take: usize,
    ) -> Result<PlacedCases, Problem> {
        self.list_places(by, reach, question, bounds, keeps, skip, take)
            .await
            .map_err(|error| error.problem())
    }
}
