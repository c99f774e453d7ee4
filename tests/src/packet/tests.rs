use super::*;

fn segment(v6: bool) -> Segment {
    let (a, b) = if v6 {
        ("[fd00::1]:1000", "[fd00::2]:80")
    } else {
        ("10.0.0.1:1000", "10.0.0.2:80")
    };
    let mut segment = Segment::new(a.parse().unwrap(), b.parse().unwrap());
    segment.seq = 0xffff_fffe;
    segment.ack = 7;
    segment.flags = ACK | PSH;
    segment.window = 512;
    segment.traffic_class = 0x28;
    segment.options.timestamps = Some((1, 2));
    segment.options.sack = vec![(10, 20), (30, 40)];
    segment.payload = b"odd".to_vec();
    segment
}

#[test]
fn what_is_written_is_read() {
    for v6 in [false, true] {
        let segment = segment(v6);
        assert_eq!(Segment::decode(&segment.encode()), Ok(segment));
    }
}

#[test]
fn a_syn_with_all_its_options() {
    let mut syn = segment(false);
    syn.flags = SYN;
    syn.ack = 0;
    syn.payload.clear();
    syn.options = Options {
        mss: Some(1_460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps: Some((9, 0)),
        sack: Vec::new(),
        raw: vec![253, 4, 1, 2],
    };
    assert_eq!(Segment::decode(&syn.encode()), Ok(syn.clone()));
    assert_eq!(syn.end(), 0xffff_ffff);
}

#[test]
fn any_changed_octet_is_noticed_in_ipv4() {
    let packet = segment(false).encode();
    for at in 0..packet.len() {
        for bit in 0..8 {
            let mut damaged = packet.clone();
            damaged[at] ^= 1 << bit;
            assert!(Segment::decode(&damaged).is_err(), "octet {at}, bit {bit}");
        }
    }
}

#[test]
fn a_truncated_packet_is_not_read() {
    for v6 in [false, true] {
        let packet = segment(v6).encode();
        for length in 0..packet.len() {
            assert!(Segment::decode(&packet[..length]).is_err());
        }
    }
}
