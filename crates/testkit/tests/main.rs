//! The kit itself: databases that do not see each other, sessions that hold, refusals that are told apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::http::Auth;
use kernel::{HttpResult, Migration, Scope};
use serde_json::json;
use testkit::{PersonBuilder, START, TestServer, on_both};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const NOTES: &[Migration] =
    &[Migration { version: 1, name: "notes", sql: "create table note (id text primary key, body {blob});" }];

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let runs = Arc::new(AtomicUsize::new(0));
    for _ in 0..2 {
        let runs = runs.clone();
        on_both(move |site| {
            let runs = runs.clone();
            async move {
                runs.fetch_add(1, Ordering::Relaxed);
                site.migrate("notes", NOTES).await;
                site.execute("insert into note (id) values ('only')").await;
                assert_eq!(site.kit.now(), START);
            }
        })
        .await;
    }
    let databases = if std::env::var_os("YIHAO_TEST_POSTGRES").is_some() { 2 } else { 1 };
    assert_eq!(runs.load(Ordering::Relaxed), 2 * databases);
}

/// Who am I.
#[utoipa::path(get, path = "/whoami")]
async fn who_am_i(Auth(person): Auth) -> HttpResult<String> {
    person.require("case.read")?;
    Ok(person.name)
}

/// Changes nothing.
#[utoipa::path(post, path = "/nothing")]
async fn do_nothing() {}

fn router() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(who_am_i)).routes(routes!(do_nothing))
}

#[tokio::test]
async fn sessions_grants_and_origins_are_as_in_the_server() {
    testkit::on_sqlite(|site| async move {
        let server = TestServer::new(&site, vec![router()]);
        server.anonymous().get("/whoami").await.refused(401, "session.required");
        let idle = PersonBuilder::new("idle");
        server.as_person(idle).get("/whoami").await.refused(403, "permission.denied");
        let reader = PersonBuilder::new("reader").may_within(Scope::Own, &["case.read"]);
        let mut reader = server.as_person(reader);
        assert_eq!(reader.get("/whoami").await.text(), "reader");
        reader.post("/nothing", json!({})).await.done();
        let mut foreign = reader.clone().with_header("origin", "https://elsewhere.example");
        foreign.post("/nothing", json!({})).await.refused(403, "origin.foreign");
    })
    .await;
}
