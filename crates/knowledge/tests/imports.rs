//! Imports: a dry run writes nothing, refused lines come back as a table.

use axum::http::Method;
use kernel::http::Cell;
use serde_json::json;
use testkit::{Answer, on_both};

use crate::support::World;

async fn import(world: &World, query: &str, bytes: Vec<u8>) -> Answer {
    let path = format!("/knowledge/imports?{query}");
    world.as_("writer").send_raw(Method::POST, &path, Some("application/octet-stream"), bytes).await
}

#[tokio::test]
async fn a_table_is_checked_first_then_taken_in_and_refused_lines_come_back() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let head = ["标题", "地区", "业务", "类型", "公开答案", "内部答案"];
        let row = |cells: [&str; 6]| cells.into_iter().map(Cell::from).collect::<Vec<_>>();
        let rows = [
            row(["水费怎么交", "云州市", "供水", "问答", "到窗口或网上。", "不减免。"]),
            row(["没有答案", "云州市", "供水", "问答", "", ""]),
            row(["没有的业务", "云州市", "航天", "问答", "是。", ""]),
        ];
        let table = kernel::http::write_workbook(&head, &rows).unwrap();
        let dry = import(&world, "name=a.xlsx&dry_run=true", table.clone()).await.ok();
        assert_eq!((&dry["accepted"], &dry["rejected"]), (&json!(1), &json!(2)));
        assert_eq!(dry["reasons"][1]["line"], 4);
        let mine = "/knowledge/entries?shelf=maintained";
        assert!(world.as_("writer").get(mine).await.ok()["items"].as_array().unwrap().is_empty());
        let done = import(&world, "name=a.xlsx&submit=true", table).await.ok();
        assert_eq!(done["accepted"], 1);
        let items = world.as_("writer").get(mine).await.ok()["items"].clone();
        assert_eq!((&items[0]["title"], &items[0]["work"]), (&json!("水费怎么交"), &json!("in_review")));
        let file = format!("/knowledge/files/{}/file", done["file_id"].as_str().unwrap());
        let back = world.as_("writer").get(&file).await;
        // What comes back can be put right and sent again.
        let again = import(&world, "name=b.xlsx&dry_run=true", back.body.to_vec()).await.ok();
        assert_eq!((&again["accepted"], &again["rejected"]), (&json!(0), &json!(2)));
    })
    .await;
}

#[tokio::test]
async fn markdown_becomes_entries_and_what_is_broken_is_named() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let text =
            "# 水表检定\n\n到**计量所**。\n\n# 水质检测\n\n| 项目 | 费用 |\n|---|---|\n| 余氯 | 免费 |\n";
        let query = "name=a.md&region=990100&business=0101&kind=faq";
        assert_eq!(import(&world, query, text.as_bytes().to_vec()).await.ok()["accepted"], 2);
        import(&world, "name=a.docx", b"PK\x03\x04 broken".to_vec()).await.refused(422, "knowledge.file");
        import(&world, "name=a.exe", b"MZ".to_vec()).await.refused(422, "knowledge.file");
        import(&world, "name=a.md", b"no heading".to_vec()).await.refused(422, "knowledge.file");
    })
    .await;
}
