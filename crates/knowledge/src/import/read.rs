//! What a file wishes to be taken in.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::extract::{Block, Unreadable, blocks, rows};
use crate::text;

/// The columns of the table.
pub(super) const HEAD: [&str; 12] = [
    "标题",
    "描述",
    "地区",
    "业务",
    "类型",
    "关键词",
    "相似问题",
    "公开答案",
    "内部答案",
    "有效期至",
    "复审日期",
    "备注",
];

/// An entry as a file says it, with classes by name or code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "columns of the table under the names of an entry's fields")]
pub struct Wish {
    pub line: usize,
    pub title: String,
    pub description: String,
    pub region: String,
    pub business: String,
    pub kind: String,
    pub keywords: String,
    pub questions: String,
    /// With markup.
    pub answer: String,
    /// With markup.
    pub internal: String,
    pub valid_to: String,
    pub review_at: String,
    pub remark: String,
}

impl Wish {
    /// Returns the entry as a row of the table.
    pub(super) fn cells(&self) -> Vec<String> {
        let own = [&self.title, &self.description, &self.region, &self.business, &self.kind];
        let mut cells: Vec<String> = own.into_iter().cloned().collect();
        cells.extend([self.keywords.clone(), self.questions.clone()]);
        cells.extend([text::plain(&self.answer), text::plain(&self.internal)]);
        cells.extend([self.valid_to.clone(), self.review_at.clone(), self.remark.clone()]);
        cells
    }
}

/// Reads a table whose first row names the columns, in whatever order.
pub(super) fn workbook(bytes: &[u8]) -> Result<Vec<Wish>, Unreadable> {
    let rows = rows(bytes)?;
    let head = rows.first().ok_or(Unreadable::Broken)?;
    let places: Vec<Option<usize>> = HEAD
        .iter()
        .map(|name| head.iter().position(|title| title.trim().trim_end_matches('*') == *name))
        .collect();
    if places[0].is_none() {
        return Err(Unreadable::Broken);
    }
    let mut wishes = Vec::new();
    for (line, row) in rows.iter().enumerate().skip(1) {
        if row.iter().all(String::is_empty) {
            continue;
        }
        let cell = |at: usize| places[at].and_then(|column| row.get(column)).cloned().unwrap_or_default();
        wishes.push(Wish {
            line: line + 1,
            title: cell(0),
            description: cell(1),
            region: cell(2),
            business: cell(3),
            kind: cell(4),
            keywords: cell(5),
            questions: cell(6),
            answer: text::paragraphs(&cell(7)),
            internal: text::paragraphs(&cell(8)),
            valid_to: cell(9),
            review_at: cell(10),
            remark: cell(11),
        });
    }
    Ok(wishes)
}

/// Reads a Markdown text: every heading of the first level begins an entry.
pub(super) fn markdown(bytes: &[u8]) -> Result<Vec<Wish>, Unreadable> {
    let source = std::str::from_utf8(bytes).map_err(|_| Unreadable::Broken)?;
    let mut wishes: Vec<Wish> = Vec::new();
    let mut body: Vec<Event<'_>> = Vec::new();
    let mut heading = false;
    let parser = Parser::new_ext(source, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => {
                close(&mut wishes, &mut body);
                let line = source[..range.start].matches('\n').count() + 1;
                wishes.push(Wish { line, ..Wish::default() });
                heading = true;
            }
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => heading = false,
            Event::Text(words) | Event::Code(words) if heading => {
                if let Some(wish) = wishes.last_mut() {
                    wish.title.push_str(&words);
                }
            }
            // Markup inside the text is text.
            Event::Html(words) | Event::InlineHtml(words) => body.push(Event::Text(words)),
            other if !heading => body.push(other),
            _ => {}
        }
    }
    close(&mut wishes, &mut body);
    Ok(wishes)
}

fn close(wishes: &mut [Wish], body: &mut Vec<Event<'_>>) {
    let Some(wish) = wishes.last_mut() else {
        body.clear();
        return;
    };
    html::push_html(&mut wish.answer, std::mem::take(body).into_iter());
}

/// Reads a Word document: every heading of the first level begins an entry, lower ones stay headings in its answer.
pub(super) fn document(bytes: &[u8]) -> Result<Vec<Wish>, Unreadable> {
    let mut wishes: Vec<Wish> = Vec::new();
    for (at, block) in blocks(bytes)?.into_iter().enumerate() {
        let escape = |text: &str| text::paragraphs(text);
        match block {
            Block::Heading(1, title) => wishes.push(Wish { line: at + 1, title, ..Wish::default() }),
            other => {
                let Some(wish) = wishes.last_mut() else { continue };
                match other {
                    Block::Heading(_, text) => {
                        let inner = escape(&text);
                        wish.answer.push_str(&inner.replace("<p>", "<h3>").replace("</p>", "</h3>"));
                    }
                    Block::Paragraph(text) => wish.answer.push_str(&escape(&text)),
                    Block::Table(rows) => {
                        wish.answer.push_str("<table><tbody>");
                        for row in rows {
                            wish.answer.push_str("<tr>");
                            for cell in row {
                                wish.answer.push_str("<td>");
                                wish.answer.push_str(&escape(&cell));
                                wish.answer.push_str("</td>");
                            }
                            wish.answer.push_str("</tr>");
                        }
                        wish.answer.push_str("</tbody></table>");
                    }
                }
            }
        }
    }
    Ok(wishes)
}

/// Returns the end of a day as an instant, in the zone of China.
pub(super) fn day_end(text: &str) -> Option<i64> {
    let text: String =
        text.trim().chars().map(|c| if matches!(c, '/' | '.' | '年' | '月') { '-' } else { c }).collect();
    let day =
        chrono::NaiveDate::parse_from_str(text.trim_end_matches('日').get(..10).unwrap_or(&text), "%Y-%m-%d");
    let end = day.ok()?.succ_opt()?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
    Some(end - 8 * 3_600_000)
}

/// Returns words that stand apart by any mark.
pub(super) fn list(text: &str) -> Vec<String> {
    let apart = |c: char| c.is_whitespace() || matches!(c, '，' | ',' | '、' | '；' | ';' | '|');
    text.split(apart).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}

/// Returns questions that stand in lines, or apart by semicolons.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.split(['\n', '；', ';', '|'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_the_first_level_begin_entries() {
        let wishes = markdown(
            "# 居住证怎么办\n\n到**派出所**。\n\n## 材料\n\n| 甲 | 乙 |\n|--|--|\n| 一 | 二 |\n\n# 空的\n"
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(wishes.len(), 2);
        assert_eq!((wishes[0].title.as_str(), wishes[1].line), ("居住证怎么办", 11));
        assert!(
            wishes[0].answer.contains("<strong>派出所</strong>") && wishes[0].answer.contains("<td>一</td>")
        );
        assert!(wishes[1].answer.is_empty());
        let hostile = markdown("# 题\n\n<script>alert(1)</script> 文".as_bytes()).unwrap();
        assert!(!hostile[0].answer.contains("<script"), "{}", hostile[0].answer);
    }

    #[test]
    fn a_day_ends_at_midnight_in_china() {
        assert_eq!(day_end("2026-03-02"), Some(1_772_467_200_000));
        assert_eq!(day_end("2026/03/02"), day_end("2026-03-02"));
        assert_eq!(day_end("明天"), None);
    }
}
