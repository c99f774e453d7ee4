//! One range of octets (RFC 9110 section 14.2).

/// What of a file is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// All of it: no range, or one that is not understood, which may be ignored.
    Whole,
    /// From `first` up to and with `last`.
    Part { first: u64, last: u64 },
    /// Nothing that the file has.
    Unsatisfiable,
}

/// What the Range field asks of a file of `length` octets.
pub(super) fn parse(field: Option<&str>, length: u64) -> Wanted {
    let Some((first, last)) = field
        .and_then(|field| field.strip_prefix("bytes="))
        .filter(|set| !set.contains(','))
        .and_then(|set| set.split_once('-'))
    else {
        return Wanted::Whole;
    };
    let number = |text: &str| -> Option<u64> {
        text.bytes()
            .all(|octet| octet.is_ascii_digit())
            .then(|| text.parse().ok())?
    };
    match (first, last) {
        ("", last) => match number(last) {
            Some(0) => Wanted::Unsatisfiable,
            Some(_) if length == 0 => Wanted::Unsatisfiable,
            Some(suffix) => Wanted::Part {
                first: length.saturating_sub(suffix),
                last: length - 1,
            },
            None => Wanted::Whole,
        },
        (first, last) => {
            let last = if last.is_empty() {
                Some(u64::MAX)
            } else {
                number(last)
            };
            match (number(first), last) {
                (Some(first), Some(last)) if first > last => Wanted::Whole,
                (Some(first), Some(_)) if first >= length => Wanted::Unsatisfiable,
                (Some(first), Some(last)) => Wanted::Part {
                    first,
                    last: last.min(length - 1),
                },
                _ => Wanted::Whole,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_file_and_nonsense_is_ignored() {
        let part = |first, last| Wanted::Part { first, last };
        for (field, length, wanted) in [
            (None, 10, Wanted::Whole),
            (Some("bytes=0-3"), 10, part(0, 3)),
            (Some("bytes=4-"), 10, part(4, 9)),
            (Some("bytes=4-99"), 10, part(4, 9)),
            (Some("bytes=-3"), 10, part(7, 9)),
            (Some("bytes=-99"), 10, part(0, 9)),
            (Some("bytes=10-"), 10, Wanted::Unsatisfiable),
            (Some("bytes=-0"), 10, Wanted::Unsatisfiable),
            (Some("bytes=-1"), 0, Wanted::Unsatisfiable),
            (Some("bytes=0-"), 0, Wanted::Unsatisfiable),
            (Some("bytes=3-2"), 10, Wanted::Whole),
            (Some("bytes=0-1,3-4"), 10, Wanted::Whole),
            (Some("bytes=-"), 10, Wanted::Whole),
            (Some("lines=1-2"), 10, Wanted::Whole),
        ] {
            assert_eq!(parse(field, length), wanted, "{field:?} of {length}");
        }
    }
}
