//! What the edge refuses before a handler runs, and what it replays.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use axum::response::IntoResponse as _;
use futures::stream;
use kernel::http::{Auth, Idempotent, Json, ReqCtx};
use kernel::{HttpResult, Kit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use testkit::{PersonBuilder, Site, TestServer, on_both, on_sqlite};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Lamp {
    watts: i64,
}

#[utoipa::path(post, path = "/lamps", request_body = Lamp, responses((status = 201, body = Lamp)))]
async fn create_lamp(
    axum::Extension(kit): axum::Extension<Kit>,
    Auth(_person): Auth,
    ReqCtx(_ctx): ReqCtx,
    Idempotent { body, idem }: Idempotent<Lamp>,
) -> HttpResult<axum::response::Response> {
    if let Some(answer) = idem.replay(&kit).await? {
        return Ok(answer);
    }
    let mut tx = kit.db.begin().await?;
    sqlx::query("insert into lamp (id, lit) values ($1, $2)")
        .bind(kernel::id::new_id())
        .bind(body.watts)
        .execute(tx.conn())
        .await
        .map_err(kernel::DbError::from)?;
    if let Some(answer) = idem.answer(&kit, StatusCode::CREATED, &body) {
        tx.remember(answer);
    }
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn serve(site: Site) -> (Site, TestServer) {
    let site = crate::transaction::with_lamps(site).await;
    let router = OpenApiRouter::new().routes(routes!(create_lamp));
    let server = TestServer::new(&site, vec![router]);
    (site, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_gets_the_first_answer_and_creates_nothing() {
    on_both(|site| async move {
        let (site, server) = serve(site).await;
        let mut client =
            server.as_person(PersonBuilder::new("wang")).with_header("idempotency-key", "key-0001");
        let first = client.post("/lamps", json!({ "watts": 40 })).await;
        assert_eq!(first.status, StatusCode::CREATED);
        let second = client.post("/lamps", json!({ "watts": 40 })).await;
        assert_eq!((second.status, second.json()), (StatusCode::CREATED, json!({ "watts": 40 })));
        client.post("/lamps", json!({ "watts": 60 })).await.refused(422, "idempotency.mismatch");
        let mut other = server.as_person(PersonBuilder::new("li")).with_header("idempotency-key", "key-0001");
        assert_eq!(other.post("/lamps", json!({ "watts": 60 })).await.status, StatusCode::CREATED);
        let lamps: i64 =
            sqlx::query_scalar("select count(*) from lamp").fetch_one(site.kit.db.reader()).await.unwrap();
        assert_eq!(lamps, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_told_what_is_wrong() {
    on_sqlite(|site| async move {
        let (_site, server) = serve(site).await;
        let wang = || server.as_person(PersonBuilder::new("wang"));
        server.anonymous().post("/lamps", json!({ "watts": 1 })).await.refused(401, "session.required");
        let mut forged = server.anonymous();
        forged.set_cookie("yihao_session", "token-nobody");
        forged.post("/lamps", json!({ "watts": 1 })).await.refused(401, "session.required");
        wang()
            .with_header("origin", "https://elsewhere.example")
            .post("/lamps", json!({ "watts": 1 }))
            .await
            .refused(403, "origin.foreign");
        wang().post("/lamps", json!({ "watts": "forty" })).await.refused(400, "body.malformed");
        wang()
            .send_raw(Method::POST, "/lamps", Some("text/plain"), b"{}".to_vec())
            .await
            .refused(415, "body.malformed");
        let large = format!("{{\"watts\":1,\"note\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
        wang()
            .send_raw(Method::POST, "/lamps", Some("application/json"), large.into_bytes())
            .await
            .refused(413, "body.too_large");
        wang()
            .with_header("idempotency-key", "short")
            .post("/lamps", json!({ "watts": 1 }))
            .await
            .refused(400, "idempotency.malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_speaks_the_readers_language_and_names_its_trace() {
    on_sqlite(|site| async move {
        let (_site, server) = serve(site).await;
        let mut english = server.anonymous().with_header("accept-language", "en-GB");
        let answer = english.post("/lamps", json!({})).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["detail"], "Please sign in; your session may have expired.");
        assert_eq!(problem["trace_id"].as_str().unwrap().len(), 36);
        let chinese = server.anonymous().post("/lamps", json!({})).await.json();
        assert_eq!(chinese["detail"], "请先登录，或登录已过期。");
    })
    .await;
}

/// Sends a body of which `chunk` bytes come every `every`, and returns the answer's status with how long it
/// took.
async fn drip(chunk: usize, every: Duration, times: usize) -> (StatusCode, Duration) {
    let body = stream::unfold(0, move |sent| async move {
        tokio::time::sleep(every).await;
        (sent < times).then(|| (Ok::<_, std::io::Error>(vec![b' '; chunk]), sent + 1))
    });
    let router = axum::Router::new()
        .route(
            "/",
            axum::routing::post(|body: Result<axum::body::Bytes, _>| async move {
                body.map_or(StatusCode::BAD_REQUEST, |_: axum::body::Bytes| StatusCode::OK)
            }),
        )
        .layer(axum::middleware::from_fn(kernel::http::pace));
    let request = axum::http::Request::post("/").body(axum::body::Body::from_stream(body)).unwrap();
    let began = tokio::time::Instant::now();
    let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
    (answer.status(), began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_byte_by_byte_is_cut_off() {
    let (status, took) = drip(1, Duration::from_secs(1), 100_000).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert!(took <= Duration::from_secs(21), "after {took:?}");
    let (status, _) = drip(64 * 1024, Duration::from_secs(5), 16).await;
    assert_eq!(status, StatusCode::OK, "a large body over a thin line arrives");
}
