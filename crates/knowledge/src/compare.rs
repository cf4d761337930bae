//! Two versions of an entry beside each other: what was taken out, what came in.

use serde::Serialize;
use utoipa::ToSchema;

use crate::entry::{Answer, Content};
use crate::text;

/// Pieces of one field that are compared at most; what is longer is shown as replaced.
const PIECES_MAX: usize = 2_000;

/// What happened to a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KnowledgeChange)]
pub enum Change {
    /// It stands in both.
    Same,
    /// It stands in the earlier one only.
    Removed,
    /// It stands in the later one only.
    Added,
}

/// A piece of text and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KnowledgePiece)]
pub struct Piece {
    /// What happened.
    pub change: Change,
    /// The text.
    pub text: String,
}

/// One field of two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KnowledgeCompared)]
pub struct Compared {
    /// The field: `title`, `region`, …, `answer`.
    pub field: String,
    /// Which answer, by its number.
    pub answer: Option<String>,
    /// Whether anything differs.
    pub differs: bool,
    /// The pieces in order.
    pub pieces: Vec<Piece>,
}

/// Compares two versions field by field, answers by their ids.
#[must_use]
pub fn compare(before: &Content, after: &Content) -> Vec<Compared> {
    let kind = |content: &Content| content.kind.map_or(String::new(), |kind| kind.code().to_owned());
    let at = |instant: Option<i64>| instant.map_or(String::new(), |at| at.to_string());
    let mut fields: Vec<Compared> = [
        ("title", before.title.clone(), after.title.clone()),
        ("description", before.description.clone(), after.description.clone()),
        ("region", before.region.clone(), after.region.clone()),
        ("business", before.business.clone(), after.business.clone()),
        ("kind", kind(before), kind(after)),
        ("keywords", before.keywords.join("、"), after.keywords.join("、")),
        ("questions", before.questions.join("\n"), after.questions.join("\n")),
        ("valid_from", at(before.valid_from), at(after.valid_from)),
        ("valid_to", at(before.valid_to), at(after.valid_to)),
        ("review_at", at(before.review_at), at(after.review_at)),
        ("remark", before.remark.clone(), after.remark.clone()),
    ]
    .into_iter()
    .map(|(field, old, new)| compared(field, None, &old, &new))
    .collect();
    let none = Answer::default();
    for old in &before.answers {
        let new = after.answers.iter().find(|answer| answer.id == old.id).unwrap_or(&none);
        fields.push(compared("answer", Some(old.number.clone()), &shown(old), &shown(new)));
    }
    for new in after.answers.iter().filter(|new| before.answers.iter().all(|old| old.id != new.id)) {
        fields.push(compared("answer", Some(new.number.clone()), "", &shown(new)));
    }
    fields
}

fn shown(answer: &Answer) -> String {
    let files = answer.attachments.iter().map(|file| format!("\n[{}]", file.name)).collect::<String>();
    format!("{}{files}", text::plain(&answer.html))
}

fn compared(field: &str, answer: Option<String>, old: &str, new: &str) -> Compared {
    let whole_values =
        matches!(field, "region" | "business" | "kind" | "valid_from" | "valid_to" | "review_at");
    let pieces = if whole_values { pieces_of(&[old], &[new]) } else { pieces_of(&cut(old), &cut(new)) };
    Compared { field: field.to_owned(), answer, differs: old != new, pieces }
}

/// Cuts a text behind the marks that end a phrase, so that a changed word shows its phrase and not the whole text.
fn cut(text: &str) -> Vec<&str> {
    text.split_inclusive(['。', '；', '，', '、', '！', '？', '：', '\n', '.', ',', ';', ' '])
        .filter(|piece| !piece.is_empty())
        .collect()
}

fn pieces_of(old: &[&str], new: &[&str]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let mut push = |change: Change, text: &str| {
        if text.is_empty() {
            return;
        }
        match out.last_mut() {
            Some(last) if last.change == change => last.text.push_str(text),
            _ => out.push(Piece { change, text: text.to_owned() }),
        }
    };
    if old.len() > PIECES_MAX || new.len() > PIECES_MAX {
        push(Change::Removed, &old.concat());
        push(Change::Added, &new.concat());
        return out;
    }
    // Longest common run of pieces, from the end, so that walking goes forwards.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            push(Change::Same, old[i]);
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            push(Change::Removed, old[i]);
            i += 1;
        } else {
            push(Change::Added, new[j]);
            j += 1;
        }
    }
    old[i..].iter().for_each(|piece| push(Change::Removed, piece));
    new[j..].iter().for_each(|piece| push(Change::Added, piece));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(answers: &[(&str, &str)]) -> Content {
        Content {
            answers: answers
                .iter()
                .map(|(id, text)| Answer {
                    id: (*id).to_owned(),
                    number: format!("ZS1-{id}"),
                    html: text::paragraphs(text),
                    ..Answer::default()
                })
                .collect(),
            ..Content::default()
        }
    }

    #[test]
    fn a_changed_amount_shows_in_its_phrase_and_new_and_dropped_answers_as_wholes() {
        let before = content(&[("1", "材料：身份证，照片。费用20元。"), ("2", "旧的")]);
        let after = content(&[("1", "材料：身份证，照片。费用免收。"), ("3", "新的")]);
        type Pieces = Vec<(Change, String)>;
        let differing: Vec<(Option<String>, Pieces)> = compare(&before, &after)
            .into_iter()
            .filter(|field| field.differs)
            .map(|field| {
                let pieces = field.pieces.into_iter().map(|piece| (piece.change, piece.text)).collect();
                (field.answer, pieces)
            })
            .collect();
        assert_eq!(
            differing,
            [
                (
                    Some("ZS1-1".to_owned()),
                    vec![
                        (Change::Same, "材料：身份证，照片。".to_owned()),
                        (Change::Removed, "费用20元。".to_owned()),
                        (Change::Added, "费用免收。".to_owned()),
                    ]
                ),
                (Some("ZS1-2".to_owned()), vec![(Change::Removed, "旧的".to_owned())]),
                (Some("ZS1-3".to_owned()), vec![(Change::Added, "新的".to_owned())]),
            ]
        );
        assert!(compare(&before, &before).iter().all(|field| !field.differs));
    }
}
