//! Text in a fixed buffer, without `core::fmt`: its machinery is larger than all the services.

use core::net::{IpAddr, SocketAddr};

use heapless::Vec;

/// Up to `N` octets of text; what does not fit is left out.
pub(crate) struct Text<const N: usize> {
    octets: Vec<u8, N>,
}

impl<const N: usize> Text<N> {
    pub(crate) const fn new() -> Self {
        Self { octets: Vec::new() }
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    pub(crate) fn str(&mut self, text: &str) -> &mut Self {
        self.append(text.as_bytes());
        self
    }

    pub(crate) fn append(&mut self, octets: &[u8]) {
        for octet in octets {
            let _ = self.octets.push(*octet);
        }
    }

    /// Two digits.
    pub(crate) fn hex(&mut self, octet: u8) -> &mut Self {
        for half in [octet >> 4, octet & 15] {
            let digit = if half < 10 { b'0' } else { b'a' - 10 };
            let _ = self.octets.push(digit + half);
        }
        self
    }

    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut rest = number;
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        for digit in digits.iter().skip(digits.len() - count) {
            let _ = self.octets.push(*digit);
        }
        self
    }

    pub(crate) fn address(&mut self, address: IpAddr) -> &mut Self {
        let IpAddr::V4(address) = address else {
            return self.str("an IPv6 address");
        };
        let [a, b, c, d] = address.octets();
        self.number(a.into()).str(".");
        self.number(b.into()).str(".");
        self.number(c.into()).str(".");
        self.number(d.into())
    }

    pub(crate) fn end(&mut self, end: SocketAddr) -> &mut Self {
        self.address(end.ip()).str(":").number(end.port().into())
    }
}
