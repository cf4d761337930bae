#![expect(clippy::unwrap_used, reason = "temporary")]
use crate::support::stage::Stage;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dump_openapi() {
    let stage = Stage::new().await;
    let (_, document) = stage.voice.slice().router.split_for_parts();
    std::fs::write("/tmp/voice-openapi.json", document.to_pretty_json().unwrap()).unwrap();
}
