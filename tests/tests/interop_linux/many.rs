//! Many connections: one after the other, and at once.

use std::io::{Read, Write};

use crate::lab::{BOTH_ROLES, Family, Lab};

pub(crate) fn sequential(family: Family) {
    let lab = Lab::new(family, 1_500);
    for role in BOTH_ROLES {
        for number in 0..250_u32 {
            let (mut ours, mut kernel) = lab.connect(role);
            let text = number.to_be_bytes();
            kernel.write_all(&text).expect("the kernel writes");
            let mut received = [0; 4];
            ours.read_exact(&mut received).expect("we read");
            assert_eq!(received, text);
            ours.write_all(&text).expect("we write");
            kernel.read_exact(&mut received).expect("the kernel reads");
            assert_eq!(received, text);
            // Either side closes first.
            let mut rest = Vec::new();
            if number % 2 == 0 {
                drop(ours);
                assert_eq!(kernel.read_to_end(&mut rest).expect("the end"), 0);
            } else {
                drop(kernel);
                assert_eq!(ours.read_to_end(&mut rest).expect("the end"), 0);
            }
        }
    }
    lab.finish();
}

pub(crate) fn concurrent(family: Family) {
    const CONNECTIONS: usize = 200;
    const OCTETS: usize = 16_384;
    let lab = Lab::new(family, 1_500);
    for role in BOTH_ROLES {
        let mut pairs: Vec<_> = (0..CONNECTIONS).map(|_| lab.connect(role)).collect();
        for (number, (ours, kernel)) in pairs.iter_mut().enumerate() {
            let octet = number as u8;
            ours.write_all(&[octet; OCTETS]).expect("we write");
            kernel
                .write_all(&[!octet; OCTETS])
                .expect("the kernel writes");
        }
        let rows = lab.net.snapshot().rows;
        assert!(
            rows.len() >= CONNECTIONS,
            "{} connections are open",
            rows.len()
        );
        for (number, (ours, kernel)) in pairs.iter_mut().enumerate() {
            let octet = number as u8;
            let mut received = vec![0; OCTETS];
            ours.read_exact(&mut received).expect("we read");
            assert!(
                received.iter().all(|it| *it == !octet),
                "connection {number}"
            );
            kernel.read_exact(&mut received).expect("the kernel reads");
            assert!(
                received.iter().all(|it| *it == octet),
                "connection {number}"
            );
        }
    }
    lab.finish();
}
