//! An order and its run through the flow never come apart, wherever the process dies.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use cases::case::Step;
use cases::case::review::Review;
use kernel::Ctx;
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::{World, person};

/// Runs a future for so many turns and then drops it, as if the process had died while it waited for the database.
struct Dies<F> {
    inner: Pin<Box<F>>,
    turns: usize,
}

impl<F: Future> Future for Dies<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.turns == 0 {
            return Poll::Ready(None);
        }
        self.turns -= 1;
        self.inner.as_mut().poll(context).map(Some)
    }
}

/// The step of the open task, which is the one on which the run rests.
async fn standing(world: &World, order: &Value) -> (String, i64) {
    let by = person("leader").build();
    let id = order["id"].as_str().unwrap().into();
    let (_, _, course) = world.cases.case_flow(&by, &id).await.unwrap();
    let run: Vec<&str> = course.instance().open_tasks().map(|task| task.task_id).collect();
    let now = world.read("leader", order).await;
    let tasks = now["tasks"].as_array().unwrap();
    assert_eq!((tasks.len(), run.len()), (1, 1), "one task is open, in the order and in its run");
    let code = tasks[0]["step"].as_str().unwrap().to_owned();
    let element = course.instance().active_elements().next().unwrap().to_owned();
    let step = course.steps().into_iter().find(|(_, id)| *id == element).unwrap().0;
    assert_eq!(Step::parse(&code), Some(step), "the order stands where its run stands");
    (code, now["version"].as_i64().unwrap())
}

#[tokio::test]
async fn a_step_is_taken_whole_or_not_at_all_wherever_it_stops() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let order = world.written().await;
        let id = order["id"].as_str().unwrap().into();
        let by = person("leader").build();
        let mut stops = 0;
        for turns in 0.. {
            assert!(turns < 5_000, "it never comes to an end");
            let (step, version) = standing(&world, &order).await;
            assert_eq!(step, "review", "what was not acknowledged has not happened");
            let lines = world.kinds(&order).await.len();
            let ctx = Ctx::person("leader", "leader", world.site.kit.now());
            let review = Review { pass: true, opinion: String::new() };
            let taken = world.cases.review(&ctx, &by, &id, version, &review);
            match (Dies { inner: Box::pin(taken), turns }).await {
                Some(done) => {
                    done.unwrap();
                    break;
                }
                None => stops += 1,
            }
            // It may have died after the commit and before the answer: then all of it has happened.
            if standing(&world, &order).await.0 == "dispatch" {
                break;
            }
            assert_eq!(world.kinds(&order).await.len(), lines, "no line of what did not happen");
        }
        assert!(stops > 3, "it was stopped {stops} times only");
        assert_eq!(standing(&world, &order).await.0, "dispatch");
        let again = world.read("leader", &order).await;
        world.act("dispatcher", &again, "dispatch", json!({ "unit_id": "water", "opinion": "请办理" })).await;
        assert_eq!(standing(&world, &order).await.0, "acceptance");
    })
    .await;
}
