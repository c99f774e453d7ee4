//! What this TCP is meant to cost at most.

use crate::figures::Figures;

/// A section, a figure of it, and its bar. Those of the echo image and of a connection name neither
/// timestamps nor keep-alive, so the profile without them is held against them.
const ALL: [(&str, &str, u64); 8] = [
    ("tcp-core.small", "text", 16_000),
    ("tcp-core.small-dual", "text", 22_000),
    ("tcp-core.small", "connection slot", 360),
    ("tcp-core.size-of", "in-flight record", 20),
    ("tcp-core.run", "peak stack", 1_500),
    ("tcp-core.run", "sender", 2_900),
    ("tcp-core.run", "receiver", 3_400),
    ("tcp-core.run", "handshake", 7_000),
];

/// The bar of a figure, if it has one.
pub(crate) fn of(section: &str, name: &str) -> Option<u64> {
    let found = ALL
        .iter()
        .find(|(of, what, _)| (*of, *what) == (section, name));
    found.map(|(_, _, bar)| *bar)
}

/// How many bars the figures keep, and how many there are.
pub(crate) fn kept(figures: &Figures) -> (usize, usize) {
    let keeps = |(section, name, bar): &&(&str, &str, u64)| {
        figures
            .get(section, name)
            .is_some_and(|value| value <= *bar)
    };
    (ALL.iter().filter(keeps).count(), ALL.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_kept_up_to_its_value_and_not_by_silence() {
        let mut figures = Figures::default();
        assert_eq!(kept(&figures).0, 0);
        figures.add("tcp-core.run", "sender", 2_900);
        figures.add("tcp-core.run", "receiver", 3_401);
        assert_eq!(kept(&figures).0, 1);
    }
}
