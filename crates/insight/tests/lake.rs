//! The files of the facts.

use serde_json::json;
use testkit::on_sqlite;

use crate::support::{World, told};

async fn filled(world: &World) {
    for number in 0..200 {
        let unit = if number % 4 == 0 { "water" } else { "roads" };
        // Over three months.
        world.city.order(&format!("case-{number:03}"), unit, "complaint", number * 10);
    }
    world.insight.catch_up().await.unwrap();
}

#[tokio::test]
async fn facts_that_are_thrown_away_are_built_anew_with_the_same_result() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        filled(&world).await;
        // Orders go on; events about them come late, twice, and in the wrong order.
        for number in [7, 3, 150] {
            world.city.settle(&format!("case-{number:03}"), 5, true, Some(4));
        }
        world.city.order("case-900", "water", "help", 3);
        let (lake, projection) = (world.insight.lake(), world.insight.projection());
        let late = [told(12, "case-900"), told(11, "case-150"), told(10, "case-003"), told(9, "case-007")];
        projection.take_in(lake, &late).await.unwrap();
        let once = (world.rows("orders").await, world.rows("steps").await);
        projection.take_in(lake, &late[1..3]).await.unwrap();
        projection.take_in(lake, &[told(3, "case-007"), told(4, "no-such-case")]).await.unwrap();
        assert_eq!((world.rows("orders").await, world.rows("steps").await), once);
        assert_eq!(once.0.len(), 201);
        lake.throw_away(0).await.unwrap();
        assert!(world.rows("orders").await.is_empty());
        world.insight.catch_up().await.unwrap();
        assert_eq!((world.rows("orders").await, world.rows("steps").await), once);
    })
    .await;
}

#[tokio::test]
async fn compaction_changes_files_and_no_number() {
    on_sqlite(|site| async move {
        let mut world = World::new(site).await;
        filled(&world).await;
        let lake = world.insight.lake();
        let before = world.rows("orders").await;
        assert!(lake.compact(0).await.unwrap() >= 200);
        assert_eq!(lake.delta_rows().await, 0);
        assert_eq!(world.rows("orders").await, before);
        // Newer rows replace what is in the files, before they are written there and after.
        world.city.settle("case-005", 2, false, None);
        world.insight.projection().take_in(lake, &[told(20, "case-005")]).await.unwrap();
        let after = world.rows("orders").await;
        assert_eq!(after.len(), before.len());
        assert_ne!(after, before);
        lake.compact(0).await.unwrap();
        assert_eq!(world.rows("orders").await, after);
        // Files that nobody names any more go, but not while a question may read them.
        let count = || walk(&world.folder()).len();
        let kept = count();
        lake.tidy_up(599_999).await;
        assert_eq!(count(), kept);
        lake.tidy_up(600_000).await;
        assert!(count() < kept);
        world.reopen().await;
        assert_eq!(world.rows("orders").await, after);
    })
    .await;
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    found
}

#[tokio::test]
async fn a_spoilt_file_is_put_aside_and_built_anew() {
    on_sqlite(|site| async move {
        let mut world = World::new(site).await;
        filled(&world).await;
        world.insight.lake().compact(0).await.unwrap();
        world.city.order("case-901", "water", "help", 4);
        world.insight.projection().take_in(world.insight.lake(), &[told(30, "case-901")]).await.unwrap();
        let whole = world.rows("orders").await;
        let files = walk(&world.folder());
        // One of each: a bit turned in a month, a month cut short, a delta gone.
        let months: Vec<_> =
            files.iter().filter(|path| path.to_string_lossy().contains("orders/2026")).collect();
        let mut bytes = std::fs::read(months[0]).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        std::fs::write(months[0], &bytes).unwrap();
        assert_eq!(world.insight.lake().check(true).await.unwrap(), 1);
        std::fs::write(months[1], b"PAR1").unwrap();
        let delta = files.iter().find(|path| path.to_string_lossy().contains("delta/orders")).unwrap();
        std::fs::remove_file(delta).unwrap();
        world.reopen().await;
        world.insight.catch_up().await.unwrap();
        assert_eq!(world.rows("orders").await, whole);
        assert_eq!(walk(&world.folder().join("quarantine")).len(), 2);
        // A manifest of rubbish gives way to the one before, and at worst all is built anew.
        std::fs::write(world.folder().join("manifest.json"), b"{").unwrap();
        world.reopen().await;
        world.insight.catch_up().await.unwrap();
        assert_eq!(world.rows("orders").await, whole);
        std::fs::write(world.folder().join("manifest.json"), b"{").unwrap();
        std::fs::write(world.folder().join("manifest.before.json"), b"").unwrap();
        world.reopen().await;
        world.insight.catch_up().await.unwrap();
        assert_eq!(world.rows("orders").await, whole);
    })
    .await;
}

#[tokio::test]
async fn a_question_that_meets_a_spoilt_file_has_it_built_anew_and_no_file_stops_a_start() {
    on_sqlite(|site| async move {
        let mut world = World::new(site).await;
        filled(&world).await;
        world.insight.lake().compact(0).await.unwrap();
        let whole = world.rows("orders").await;
        let files = walk(&world.folder());
        let month = files.iter().find(|path| path.to_string_lossy().contains("orders/2026")).unwrap();
        let size = std::fs::read(month).unwrap().len();
        std::fs::write(month, vec![0; size]).unwrap();
        world.reopen().await;
        let asked = json!({ "sql": "select * from orders" });
        assert_ne!(world.leader().post("/report-statements", asked).await.status, 200);
        world.insight.mend().await;
        world.insight.catch_up().await.unwrap();
        assert_eq!(world.rows("orders").await, whole);
        // What stands where the folder should be is put aside.
        std::fs::remove_dir_all(world.folder()).unwrap();
        std::fs::write(world.folder(), b"in the way").unwrap();
        world.reopen().await;
        world.insight.catch_up().await.unwrap();
        assert_eq!(world.rows("orders").await, whole);
    })
    .await;
}

#[tokio::test]
async fn no_name_number_or_text_of_a_citizen_reaches_the_files() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        filled(&world).await;
        for row in world.rows("orders").await {
            assert!(!row.to_string().contains("citizen-"), "{row}");
        }
        for path in walk(&world.folder()) {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(8).any(|some| some == b"citizen-"), "{}", path.display());
        }
    })
    .await;
}
