//! How much processor time programs took: what a figure is worth on a machine that does other work too.

use std::collections::HashMap;

/// The kernel counts processor time in hundredths of a second.
const TICK_MICROS: u64 = 10_000;

/// Returns the microseconds that a process and all that it started have computed so far, those that have ended
/// left out.
pub fn tree_micros(root: u32) -> u64 {
    let mut parents = HashMap::new();
    let mut times = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let text = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some((parent, ticks)) = read(&text) {
            parents.insert(pid, parent);
            times.insert(pid, ticks);
        }
    }
    let descends = |mut pid: u32| {
        for _ in 0..64 {
            if pid == root {
                return true;
            }
            match parents.get(&pid) {
                Some(parent) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    times.iter().filter(|(pid, _)| descends(**pid)).map(|(_, ticks)| ticks * TICK_MICROS).sum()
}

/// Reads the parent and the ticks of a line of `/proc/PID/stat`. The name, in parentheses, may hold anything.
fn read(line: &str) -> Option<(u32, u64)> {
    let mut fields = line.rsplit_once(')')?.1.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let mut ticks = fields.skip(9);
    let user: u64 = ticks.next()?.parse().ok()?;
    let system: u64 = ticks.next()?.parse().ok()?;
    Some((parent, user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_does_not_shift_the_fields() {
        let line = "42 (a) b (c)) S 7 42 42 0 -1 4194560 5 0 0 0 110 22 3 4 20 0 1 0 99 1 1";
        assert_eq!(read(line), Some((7, 132)));
        assert_eq!(read("garbage"), None);
    }

    #[test]
    fn this_very_process_has_computed_something() {
        let before = tree_micros(std::process::id());
        let sum = (0..50_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n));
        assert!(tree_micros(std::process::id()) > before, "{sum}");
    }
}
