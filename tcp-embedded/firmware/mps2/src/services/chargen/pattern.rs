//! The lines of RFC 864: 72 of the 95 printing characters, each line beginning one further.

const CHARACTERS: usize = 95;
const SHOWN: usize = 72;
const LINE: usize = SHOWN + 2;
const ALL: usize = CHARACTERS * LINE;

/// Every line once.
static PATTERN: [u8; ALL] = pattern();

const fn pattern() -> [u8; ALL] {
    let mut all = [0; ALL];
    let mut at = 0;
    while at < ALL {
        let (line, column) = (at / LINE, at % LINE);
        all[at] = match column {
            SHOWN => b'\r',
            72.. => b'\n',
            _ => b' ' + ((line + column) % CHARACTERS) as u8,
        };
        at += 1;
    }
    all
}

/// A place in the endless pattern.
pub(crate) struct Place {
    at: usize,
}

impl Place {
    pub(crate) const START: Self = Self { at: 0 };

    /// Fills `space` with what follows; how much that is.
    pub(crate) fn write(&mut self, space: &mut [u8]) -> usize {
        let mut written = 0;
        // Each piece but the first and the last is the whole pattern.
        while let Some(space @ [_, ..]) = space.get_mut(written..) {
            let rest = PATTERN.get(self.at..).unwrap_or_default();
            for (to, from) in space.iter_mut().zip(rest) {
                *to = *from;
            }
            let count = rest.len().min(space.len());
            written += count;
            self.at += count;
            if self.at >= ALL {
                self.at = 0;
            }
        }
        written
    }
}
