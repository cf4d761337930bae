//! How what the robot writes is said on the telephone.

use super::Reply;

/// Characters that are spoken at a time; more is not listened to.
const ALOUD_MAX: usize = 220;

/// Returns replies as they are spoken: in whole sentences, without addresses of pages, and not longer than one
/// listens.
#[must_use]
pub fn aloud(replies: &[Reply], zh: bool) -> String {
    let stop = if zh { "。" } else { ". " };
    let mut text = String::new();
    for line in replies.iter().flat_map(|reply| reply.text.lines()) {
        let line: Vec<&str> = line.split_whitespace().filter(|word| !word.contains("://")).collect();
        let line = line.join(" ");
        let line = line.trim_matches(['*', '#', '-', '•', '·', ' ']);
        if line.is_empty() {
            continue;
        }
        text.push_str(line);
        if !text.ends_with(['。', '！', '？', '：', '；', '，', '.', '!', '?', ':', ';', ',']) {
            text.push_str(stop);
        }
    }
    if text.chars().count() <= ALOUD_MAX {
        return text.trim_end().to_owned();
    }
    let cut: String = text.chars().take(ALOUD_MAX).collect();
    let end = cut.rfind(['。', '！', '？', '；', '.', '!', '?', ';']).filter(|end| *end > cut.len() / 3);
    let whole = match end {
        Some(end) => &cut[..end + cut[end..].chars().next().map_or(0, char::len_utf8)],
        None => &cut,
    };
    let more = if zh { "如需了解更多，请说转人工。" } else { " For more, ask for a person." };
    format!("{whole}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_addresses_become_sentences() {
        let replies = [
            Reply::say("您想了解的是哪一个？\n1. 新生儿落户\n2. 新生儿医保"),
            Reply::say("详见 https://yz.example/x 办事指南"),
        ];
        assert_eq!(
            aloud(&replies, true),
            "您想了解的是哪一个？1. 新生儿落户。2. 新生儿医保。详见 办事指南。"
        );
    }

    #[test]
    fn a_long_answer_ends_with_a_sentence_and_says_how_to_hear_more() {
        let long = "办理时请携带身份证原件和复印件。".repeat(40);
        let said = aloud(&[Reply::say(long)], true);
        assert!(said.ends_with("复印件。如需了解更多，请说转人工。"), "{said}");
        assert!(said.chars().count() < ALOUD_MAX + 20);
    }
}
