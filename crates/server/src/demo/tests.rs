//! The whole demonstration city, made in an empty folder.

use std::sync::Arc;

use kernel::{Config, MockClock, Timestamp};

use super::{data, forms, orders, staff};
use crate::City;
use crate::run::quiet;

/// 2026-11-18 15:00 in Shanghai: a Wednesday in the season that the texts speak of.
const NOW: Timestamp = Timestamp(1_794_985_200_000);

#[tokio::test(flavor = "multi_thread")]
async fn every_story_runs_to_its_end() {
    let folder = std::env::temp_dir().join(format!("yihao-demo-{}", kernel::id::new_id()));
    let config = quiet(Config { data_dir: folder.clone(), ..Config::default() });
    let city = City::assemble(config, Arc::new(MockClock::new(NOW))).await.unwrap();
    city.load().await.unwrap();
    let written = data::DemoCity::read().unwrap();
    let ctx = kernel::Ctx::system("demo", NOW);
    let people = staff::create(&city, &ctx, &written).await.unwrap();
    let types = forms::publish(&city, &ctx).await.unwrap();
    let outcome = orders::create(&city, &written, &people, &types, NOW).await.unwrap();
    assert_eq!(outcome.refusals, Vec::<String>::new());
    assert!(outcome.orders >= 300, "{} orders", outcome.orders);
    let statuses: Vec<(String, i64)> =
        sqlx::query_as("select status, count(*) from cases_case group by status order by status")
            .fetch_all(city.kit.db.reader())
            .await
            .unwrap();
    let filled: Vec<(String, i64)> = sqlx::query_as(
        "select form_name, count(*) from cases_form_answer group by form_name order by form_name",
    )
    .fetch_all(city.kit.db.reader())
    .await
    .unwrap();
    assert!(filled.len() == 3 && filled.iter().all(|(_, orders)| *orders >= 1), "{filled:?}");
    let names: Vec<&str> = statuses.iter().map(|(status, _)| status.as_str()).collect();
    for status in [
        "draft_logged",
        "assigned",
        "in_progress",
        "handled",
        "approved",
        "archived",
        "closed_at_once",
        "returned",
    ] {
        assert!(names.contains(&status), "no order is {status}: {statuses:?}");
    }
    assert!(
        written.units.len() >= 40 && written.people.people.len() >= 60 && written.categories.len() >= 150
    );
    let _ = std::fs::remove_dir_all(&folder);
}
