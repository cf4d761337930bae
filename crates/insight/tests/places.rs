//! Where orders are, for maps.

use contract::insight::{PlaceFigures as _, PlaceQuestion};
use kernel::{Principal, Scope};
use testkit::{PersonBuilder, on_sqlite};

use crate::support::World;

fn question(from: &str, to: &str, conditions: &str) -> PlaceQuestion {
    PlaceQuestion {
        from: from.to_owned(),
        to: to.to_owned(),
        conditions: conditions.to_owned(),
        unit_id: None,
    }
}

fn leader() -> Principal {
    PersonBuilder::new("leader").may(&["map.read", "case.read"]).build()
}

/// Orders at two places on two days, one without a place.
async fn world(site: testkit::Site) -> World {
    let world = World::new(site).await;
    for (number, unit, hours, place) in [
        (0, "water", 0, Some((112.500_001, 30.2))),
        (1, "water", 0, Some((112.500_002, 30.2))),
        (2, "roads", 24, Some((112.5, 30.2))),
        (3, "roads", 24, Some((112.6, 30.3))),
        (4, "water", 0, None),
    ] {
        let id = format!("case-{number}");
        world.city.order(&id, unit, if number == 3 { "help" } else { "complaint" }, hours);
        let mut cases = world.city.cases.lock().unwrap();
        let fact = cases.get_mut(&id).unwrap();
        (fact.lng, fact.lat) = (place.map(|one| one.0), place.map(|one| one.1));
        if number == 1 {
            fact.due_at = Some(1);
        }
    }
    world.city.settle("case-2", 1, true, None);
    world.insight.catch_up().await.unwrap();
    world
}

#[tokio::test]
async fn orders_are_counted_where_and_when_they_are() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let all = question("2026-03-02", "2026-03-03", "");
        let seen = world.insight.places(&leader(), Scope::All, &all).await.unwrap();
        assert_eq!((seen.unplaced, seen.grain_m), (1, 1));
        let mut rows: Vec<_> =
            seen.rows.iter().map(|row| (row.day, row.lng, row.lat, row.count, row.open, row.red)).collect();
        rows.sort_by(|one, other| one.partial_cmp(other).unwrap());
        assert_eq!(rows, [(0, 112.5, 30.2, 2, 2, 1), (1, 112.5, 30.2, 1, 0, 0), (1, 112.6, 30.3, 1, 1, 0)]);
        let helps = question("2026-03-02", "2026-03-03", "type:help");
        assert_eq!(world.insight.places(&leader(), Scope::All, &helps).await.unwrap().rows.len(), 1);
        // A unit sees its own.
        let clerk = PersonBuilder::new("clerk").unit("/centre/roads/").build();
        let own = world.insight.places(&clerk, Scope::Subtree, &all).await.unwrap();
        assert_eq!((own.rows.iter().map(|row| row.count).sum::<i64>(), own.unplaced), (2, 0));
        for bad in [
            question("2026-03-02", "2027-08-02", ""),
            question("x", "2026-03-02", ""),
            question("2026-03-02", "2026-03-03", "secret:1"),
        ] {
            assert!(world.insight.places(&leader(), Scope::All, &bad).await.is_err(), "{bad:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn orders_of_a_place_are_listed_within_the_readers_scope() {
    on_sqlite(|site| async move {
        let world = world(site).await;
        let all = question("2026-03-02", "2026-03-03", "");
        let around = [112.4, 30.1, 112.55, 30.25];
        let list = |by: Principal, reach: Scope, skip: usize| {
            let (insight, all) = (world.insight.clone(), all.clone());
            async move { insight.cases_within(&by, reach, &all, around, &|_, _| true, skip, 2).await.unwrap() }
        };
        let found = list(leader(), Scope::All, 0).await;
        let ids: Vec<&str> = found.lines.iter().map(|(line, ..)| line.id.as_str()).collect();
        assert_eq!((found.total, ids), (3, vec!["case-2", "case-1"]));
        assert_eq!(list(leader(), Scope::All, 2).await.lines.len(), 1);
        let clerk = PersonBuilder::new("clerk").unit("/centre/roads/").may_within(Scope::Unit, &["case.read"]);
        assert_eq!(list(clerk.build(), Scope::Unit, 0).await.total, 1);
        // Who may see the place of an order, but not open it, is told how many there are.
        let looker = PersonBuilder::new("looker").build();
        let found = list(looker, Scope::All, 0).await;
        assert_eq!((found.total, found.lines.len(), found.hidden), (3, 0, 2));
        let narrow = world
            .insight
            .cases_within(&leader(), Scope::All, &all, around, &|lng, _| lng < 112.500_000_5, 0, 9)
            .await
            .unwrap();
        assert_eq!(narrow.total, 1);
    })
    .await;
}
