//! Orders of the past, made by the real behaviours.

use cases::case::feedback::Feedback;
use cases::case::review::Review;
use cases::seed;
use serde_json::json;
use testkit::on_both;

use crate::support::{self, World, at};

#[tokio::test]
async fn the_past_looks_as_if_it_had_happened() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (cases, category) = (&world.cases, world.category.clone());
        let centre = seed::deputy("agent", "小李", "centre", "/centre/");
        let clerk = seed::deputy("water_clerk", "小王", "water", "/centre/water/");
        world.site.clock.set(at(3, 30, 9));
        let case = cases
            .create(
                &seed::ctx(&centre, at(3, 2, 9)),
                Some(&centre),
                support::plain_draft(&category),
                seed::forget,
            )
            .await
            .unwrap();
        assert!(case.number.starts_with("YZ20260302"));
        let pass = Review { pass: true, opinion: String::new() };
        let case = cases
            .review(&seed::ctx(&centre, at(3, 2, 10)), &centre, &case.id, case.version, &pass)
            .await
            .unwrap();
        let case = cases
            .dispatch(&seed::ctx(&centre, at(3, 2, 11)), &centre, &case.id, case.version, "water", &[], "")
            .await
            .unwrap();
        // The unit sleeps until the fifth: its limit turns yellow and red on the days when it did.
        cases.fire_timers(&seed::ctx(&centre, at(3, 5, 8))).await.unwrap();
        let case =
            cases.accept(&seed::ctx(&clerk, at(3, 5, 9)), &clerk, &case.id, case.version).await.unwrap();
        let feedback = Feedback { result: "已修好".to_owned(), contacted: true, without_helpers: true };
        let case = cases
            .give_feedback(&seed::ctx(&clerk, at(3, 9, 9)), &clerk, &case.id, case.version, &feedback)
            .await
            .unwrap();
        assert_eq!(case.in_time, Some(true));
        assert_eq!(cases.fire_timers(&seed::ctx(&centre, at(3, 30, 9))).await.unwrap(), 0);

        let path = format!("/cases/{}", case.id);
        let lines = world.sign_in("leader").get(&format!("{path}/timeline")).await.ok();
        let told: Vec<_> = lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["kind"].as_str().unwrap().to_owned(), line["at"].as_i64().unwrap()))
            .collect();
        let told: Vec<_> = told.iter().map(|(kind, at)| (kind.as_str(), *at)).collect();
        assert_eq!(
            told,
            [
                ("created", at(3, 2, 9).0),
                ("review_passed", at(3, 2, 10).0),
                ("dispatched", at(3, 2, 11).0),
                ("deadline_missed", at(3, 4, 0).0 - 1),
                ("accepted", at(3, 5, 9).0),
                ("feedback_given", at(3, 9, 9).0),
            ]
        );
        assert_eq!(world.site.events("cases.deadline_missed").await[0]["late"], json!(true));
    })
    .await;
}
