//! The whole demonstration city, made in an empty folder.

use std::sync::Arc;

use kernel::{Config, MockClock, Timestamp};

use super::{beside, calls, data, forms, orders, outbound, staff};
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
    let past = calls::begin(&city, &written, &people, NOW).await.unwrap();
    let outcome = orders::create(&city, &written, &people, &types, &past, NOW).await.unwrap();
    let called = calls::finish(&city, &people, &past).await.unwrap();
    outbound::create(&city, &written, &people, NOW).await.unwrap();
    assert_eq!(beside::create(&city, &written, &people, NOW).await.unwrap(), 11);
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
    the_reports_say_what_the_orders_say(&city).await;
    the_reports_speak_of_calls(&city, called).await;
    the_screens_of_calls_are_not_empty(&city).await;
    the_orders_stand_in_their_districts(&city, &ctx, &written).await;
    let _ = std::fs::remove_dir_all(&folder);
}

/// The map is drawn; what is said to be in a district stands within its borders, and within one of each kind.
async fn the_orders_stand_in_their_districts(city: &City, ctx: &kernel::Ctx, written: &data::DemoCity) {
    use map::area::{AreaKind, Finder};
    let tiles = super::ground(city, ctx, written).await.unwrap();
    assert!(tiles > 50, "{tiles} tiles");
    let streets: usize = written.districts.iter().map(|one| one.streets.len()).sum();
    let mut counts = Vec::new();
    for kind in [AreaKind::District, AreaKind::Street, AreaKind::Grid] {
        let areas = city.map.areas(kind).await.unwrap();
        counts.push(areas.len());
        let finder = Finder::new(&areas);
        let outside =
            written.orders.iter().filter(|order| finder.find([order.lng, order.lat]).is_none()).count();
        assert!(outside * 50 < written.orders.len(), "{outside} orders stand in no {}", kind.code());
    }
    assert_eq!(counts, [written.districts.len(), streets, streets * 4]);
    let areas = city.map.areas(AreaKind::District).await.unwrap();
    let finder = Finder::new(&areas);
    let at_home = written.orders.iter().filter(|order| {
        let district = written.districts.iter().find(|one| one.code == order.district);
        let found = finder.find([order.lng, order.lat]).map(|at| areas[at].name.as_str());
        found == district.map(|one| one.name.as_str())
    });
    let (at_home, all) = (at_home.count(), written.orders.len());
    assert!(at_home * 10 >= all * 9, "{at_home} of {all} orders stand in their district");
    let states = city.map.last_states(None, ctx.now).await.unwrap();
    assert!(states.len() >= 20, "{} states of the city", states.len());
    assert_eq!(city.map.feed_sources().await.unwrap().len(), 3);
}

/// What reports count in the facts is what the overview counts in the orders themselves.
async fn the_reports_say_what_the_orders_say(city: &City) {
    city.insight.catch_up().await.unwrap();
    let by = testing::leader();
    let filter = cases::store::overview::OverviewFilter {
        from: Timestamp(0),
        to: NOW.plus_secs(86_400),
        unit_path: None,
        district: None,
    };
    let overview = city.cases.overview(&by, &filter, NOW).await.unwrap();
    let ask = async |sql: &str| {
        let answer = city.insight.run_statement(&by, kernel::Scope::All, sql).await.unwrap();
        answer
            .rows
            .iter()
            .map(|row| row.iter().map(|value| value.key()).collect())
            .collect::<Vec<Vec<String>>>()
    };
    let totals = overview.totals;
    let facts = ask(&format!(
        "select count(*), sum(case when due_at < {} then 1 else 0 end), \
         sum(case when struck_out = 0 then in_time end), count(case when struck_out = 0 then in_time end), \
         count(case when struck_out = 0 then stars end) from orders",
        NOW.0
    ))
    .await;
    let expected = [totals.total, totals.overdue, totals.kept, totals.judged, totals.rated];
    assert_eq!(facts[0], expected.map(|number| number.to_string()));
    for (column, counts) in [
        ("type", overview.by_type),
        ("district", overview.by_district),
        ("status", overview.by_status),
        ("source", overview.by_source),
    ] {
        let mut expected: Vec<Vec<String>> =
            counts.into_iter().map(|one| vec![one.word.unwrap_or_default(), one.count.to_string()]).collect();
        expected.sort();
        let mut found = ask(&format!("select {column}, count(*) from orders group by {column}")).await;
        found.sort();
        assert_eq!(found, expected, "{column}");
    }
}

/// What reports count of calls and seats is not nothing, and fits together.
async fn the_reports_speak_of_calls(city: &City, called: usize) {
    let by = testing::leader();
    let numbers = async |sql: &str| -> Vec<i64> {
        let answer = city.insight.run_statement(&by, kernel::Scope::All, sql).await.unwrap();
        answer.rows[0].iter().map(|value| value.key().parse().unwrap_or(-1)).collect()
    };
    let calls = numbers(
        "select count(*), count(case when direction = 'in' then 1 end), count(case when result = 'missed' then 1 end), \
         count(stars), count(case when direction = 'out' then 1 end), count(distinct agent_id), \
         count(distinct queue_id), count(case when answered_at is not null and talked_ms <= 0 then 1 end), \
         count(summary) from calls",
    )
    .await;
    let [all, inbound, missed, rated, outbound, agents, queues, silent, noted] = calls[..] else { panic!() };
    assert_eq!(all, i64::try_from(called).unwrap());
    assert!((1_300..1_800).contains(&inbound) && outbound > 40, "{inbound} in, {outbound} out");
    assert!(missed * 50 > inbound && missed * 10 < inbound, "{missed} missed of {inbound}");
    assert!(rated * 3 > inbound && noted * 2 > inbound, "{rated} rated, {noted} noted");
    assert_eq!((agents, queues, silent), (12, 2, 0));
    let seats = numbers(
        "select count(*), count(distinct state), count(case when until < at then 1 end), \
         count(case when until is null then 1 end), max(until) from seats where state <> 'signed_out'",
    )
    .await;
    assert!(seats[0] > 4_000 && seats[1] == 5, "{seats:?}");
    assert_eq!((seats[2], seats[3]), (0, 0), "a state that ends before it begins, or lasts");
    assert!(seats[4] <= NOW.0, "somebody sits in the future");
    let keys = numbers("select sum(times) from keys where starts_with(what, 'key:')").await;
    assert_eq!(keys[0], rated, "keys and stars");
}

/// Calls lead to orders and orders to calls; some missed calls wait; tasks have come somewhere.
async fn the_screens_of_calls_are_not_empty(city: &City) {
    let count = async |sql: &'static str| -> i64 {
        sqlx::query_scalar(sql).fetch_one(city.kit.db.reader()).await.unwrap()
    };
    let bound = "select count(*) from cases_case o join voice_call c on c.id = o.call_id \
                 where c.caller = o.contact_phone and c.agent_id = o.created_by and c.result = 'answered'";
    assert!(count(bound).await > 180, "{} orders came out of a call", count(bound).await);
    let open = count("select count(*) from voice_missed_call where handled_at is null").await;
    let all = count("select count(*) from voice_missed_call").await;
    assert!(open == 5 && open * 4 < all, "{open} of {all} missed calls are open");
    let untold = "select count(*) from voice_call c where c.direction = 'in' and not exists \
                  (select 1 from voice_call_trace t where t.call_id = c.id)";
    assert_eq!(count(untold).await, 0, "every call says why it went where it went");
    let elsewhere = "select count(*) from voice_call c join voice_call_trace t on t.call_id = c.id and t.kind = 'chosen' \
                     where t.detail not like '%\"seat\":\"' || c.seat_no || '\"%'";
    assert_eq!(count(elsewhere).await, 0, "the seat that was chosen is the one that answered");
    let early = "select count(*) from voice_missed_call where handled_at <= at";
    assert_eq!(count(early).await, 0, "seen to before it was missed");
    assert_eq!(count("select count(*) from voice_recording").await, 0, "nobody spoke");
    assert_eq!(count("select count(*) from voice_telephone").await, 2);
    for (state, done) in [("done", 30), ("paused", 10)] {
        let reached: i64 = sqlx::query_scalar(
            "select count(*) from voice_campaign_target t join voice_campaign c on c.id = t.campaign_id \
             where c.state = $1 and t.state = 'done'",
        )
        .bind(state)
        .fetch_one(city.kit.db.reader())
        .await
        .unwrap();
        assert!(reached >= done, "{reached} reached by the task that is {state}");
    }
}

mod testing {
    use std::collections::HashMap;
    use std::sync::Arc;

    use kernel::{Principal, Scope};

    /// Somebody who sees all orders.
    pub(super) fn leader() -> Principal {
        let grants = ["overview.read", "report.read", "case.read"].map(|name| (name.to_owned(), Scope::All));
        Principal {
            person_id: "leader".to_owned(),
            account: "leader".to_owned(),
            name: "leader".to_owned(),
            job_no: None,
            unit_id: String::new(),
            unit_path: "/".to_owned(),
            roles: Vec::new(),
            grants: Arc::new(HashMap::from(grants)),
            masks: Arc::default(),
            session_id: String::new(),
        }
    }
}
