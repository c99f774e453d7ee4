use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn encode(packet: &[u8]) -> Vec<u8> {
    let mut encoder = SlipEncoder::new();
    core::iter::from_fn(|| encoder.next(packet)).collect()
}

fn decode(decoder: &mut SlipDecoder, line: &[u8], room: usize) -> Vec<Vec<u8>> {
    let mut packet = vec![0; room];
    let mut packets = Vec::new();
    for octet in line {
        if let Some(len) = decoder.push(*octet, &mut packet) {
            packets.push(packet[..len].to_vec());
        }
    }
    packets
}

#[test]
fn the_two_special_octets_are_escaped() {
    let line = encode(&[END, 7, ESC, ESC_END, ESC_ESC]);
    let expected = [END, ESC, ESC_END, 7, ESC, ESC_ESC, ESC_END, ESC_ESC, END];
    assert_eq!(line, expected);
}

#[test]
fn a_wrong_escape_costs_one_frame() {
    let mut decoder = SlipDecoder::new();
    let line = [1, ESC, 2, 3, END, 4, END];
    assert_eq!(decode(&mut decoder, &line, 8), [[4]]);
    // An escape that the end cuts off costs no second frame.
    assert_eq!(decode(&mut decoder, &[1, ESC, END, 5, END], 8), [[5]]);
    assert_eq!(decoder.dropped(SlipDropped::Malformed), 2);
}

#[test]
fn a_frame_of_the_buffers_length_fits_and_a_longer_one_does_not() {
    let mut decoder = SlipDecoder::new();
    let line = [1, 2, 3, END, 1, 2, 3, 4, 5, END, 6, END];
    assert_eq!(decode(&mut decoder, &line, 3), [vec![1, 2, 3], vec![6]]);
    assert_eq!(decoder.dropped(SlipDropped::Overlong), 1);
}

#[test]
fn what_the_line_damaged_is_no_packet() {
    let mut decoder = SlipDecoder::new();
    assert!(decode(&mut decoder, &[1, 2], 8).is_empty());
    decoder.spoil();
    decoder.spoil();
    assert_eq!(decode(&mut decoder, &[3, END, 4, END], 8), [[4]]);
    assert_eq!(decoder.dropped(SlipDropped::Damaged), 1);
}

#[test]
fn ends_alone_are_no_packets() {
    let mut decoder = SlipDecoder::new();
    assert!(decode(&mut decoder, &[END; 9], 8).is_empty());
}

/// Octets among which special ones are frequent.
fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let special = prop_oneof![Just(END), Just(ESC), Just(ESC_END), Just(ESC_ESC)];
    vec(prop_oneof![any::<u8>(), special], 0..most)
}

proptest! {
    #[test]
    fn packets_come_out_as_they_went_in(packets in vec(octets(40), 0..8)) {
        let line: Vec<u8> = packets.iter().flat_map(|packet| encode(packet)).collect();
        prop_assert!(line.len() <= packets.iter().map(|packet| 2 * packet.len() + 2).sum());
        let mut decoder = SlipDecoder::new();
        let sent: Vec<_> = packets.into_iter().filter(|packet| !packet.is_empty()).collect();
        prop_assert_eq!(decode(&mut decoder, &line, 40), sent);
    }

    /// Whatever came before, the packet behind it arrives: the END before it ends the noise.
    #[test]
    fn any_noise_is_forgotten(noise in octets(100), packet in octets(16)) {
        prop_assume!(!packet.is_empty());
        let mut decoder = SlipDecoder::new();
        let mut line = noise;
        line.extend(encode(&packet));
        let packets = decode(&mut decoder, &line, 16);
        prop_assert_eq!(packets.last(), Some(&packet));
        prop_assert!(packets.iter().all(|packet| packet.len() <= 16));
    }
}
