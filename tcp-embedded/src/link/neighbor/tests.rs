use tcp_core::Duration;

use super::*;

const MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 9]);
const OTHER: MacAddress = MacAddress([2, 0, 0, 0, 0, 0xbb]);

fn host(number: u16) -> Hop {
    let [high, low] = number.to_be_bytes();
    Hop::from([10, 0, high, low])
}

fn gateway() -> Hop {
    Hop::from([10, 0, 0, 254])
}

fn is_gateway(address: Hop) -> bool {
    address == gateway()
}

fn nobody(_: Hop) -> bool {
    false
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// What the cache says: where requests go or packets may, whether to ask, and who was evicted.
type Said = Option<(MacAddress, bool, Hop)>;

const NOBODY: Hop = Hop::UNSPECIFIED;
const ASK: Said = Some((MacAddress::BROADCAST, true, NOBODY));
const WAIT: Said = Some((MacAddress::BROADCAST, false, NOBODY));
const FULL: Said = None;

fn known(mac: MacAddress) -> Said {
    Some((mac, false, NOBODY))
}

fn verify(mac: MacAddress) -> Said {
    Some((mac, true, NOBODY))
}

fn resolve(
    cache: &mut Neighbors<'_>,
    now: Instant,
    address: Hop,
    keep: impl Fn(Hop) -> bool,
) -> Said {
    let said = cache.resolve(now, address, keep)?;
    Some((*said.mac, said.asks, said.evicted))
}

fn learn(cache: &mut Neighbors<'_>, now: Instant, address: Hop) {
    assert_eq!(resolve(cache, now, address, nobody), ASK);
    assert!(cache.confirm(now, &address, MAC));
}

#[test]
fn a_neighbour_is_asked_for_once_a_second_until_it_answers() {
    let mut entries = [Neighbor::EMPTY; 2];
    let mut cache = Neighbors::new(&mut entries);
    let mut requests = 0;
    for ms in (0..5_000).step_by(10) {
        let resolution = resolve(&mut cache, at(ms), host(2), nobody);
        if resolution == ASK {
            requests += 1;
        } else {
            assert_eq!(resolution, WAIT);
        }
    }
    assert_eq!(requests, 5);
    assert!(cache.confirm(at(5_000), &host(2), MAC));
    assert_eq!(resolve(&mut cache, at(5_001), host(2), nobody), known(MAC));
}

#[test]
fn a08_an_answer_that_was_not_asked_for_is_not_believed() {
    let mut entries = [Neighbor::EMPTY; 2];
    let mut cache = Neighbors::new(&mut entries);
    assert!(!cache.confirm(at(0), &gateway(), OTHER));
    learn(&mut cache, at(0), gateway());
    assert!(!cache.confirm(at(1), &gateway(), OTHER));
    assert_eq!(
        resolve(&mut cache, at(2), gateway(), is_gateway),
        known(MAC)
    );
}

#[test]
fn an_old_address_is_verified_while_it_stays_in_use() {
    let mut entries = [Neighbor::EMPTY; 2];
    let mut cache = Neighbors::new(&mut entries);
    learn(&mut cache, at(0), host(2));
    assert_eq!(
        resolve(&mut cache, at(60_000), host(2), nobody),
        verify(MAC)
    );
    assert_eq!(resolve(&mut cache, at(60_500), host(2), nobody), known(MAC));
    assert!(cache.confirm(at(60_501), &host(2), OTHER));
    assert_eq!(
        resolve(&mut cache, at(60_502), host(2), nobody),
        known(OTHER)
    );
}

#[test]
fn an_address_that_does_not_answer_three_verifications_is_searched_anew() {
    let mut entries = [Neighbor::EMPTY; 2];
    let mut cache = Neighbors::new(&mut entries);
    learn(&mut cache, at(0), host(2));
    for second in 60..63 {
        let resolution = resolve(&mut cache, at(second * 1_000), host(2), nobody);
        assert_eq!(resolution, verify(MAC));
    }
    assert_eq!(resolve(&mut cache, at(63_000), host(2), nobody), ASK);
    assert_eq!(resolve(&mut cache, at(63_001), host(2), nobody), WAIT);
}

#[test]
fn a09_the_gateway_and_peers_in_use_are_not_evicted() {
    let mut entries = [Neighbor::EMPTY; 4];
    let mut cache = Neighbors::new(&mut entries);
    learn(&mut cache, at(0), gateway());
    learn(&mut cache, at(0), host(1));
    for number in 100..10_100 {
        let now = at(100 + u64::from(number));
        let _ = resolve(&mut cache, now, host(number), is_gateway);
        if number % 1_000 == 0 {
            let _ = resolve(&mut cache, now, host(1), is_gateway);
        }
    }
    assert_eq!(
        resolve(&mut cache, at(20_000), gateway(), is_gateway),
        known(MAC)
    );
    assert_eq!(
        resolve(&mut cache, at(20_000), host(1), is_gateway),
        known(MAC)
    );
}

#[test]
fn a_peer_that_was_not_used_for_a_minute_gives_way_and_the_gateway_does_not() {
    let mut entries = [Neighbor::EMPTY; 2];
    let mut cache = Neighbors::new(&mut entries);
    learn(&mut cache, at(0), gateway());
    learn(&mut cache, at(0), host(1));
    assert_eq!(resolve(&mut cache, at(59_999), host(2), is_gateway), FULL);
    let evicted = Some((MacAddress::BROADCAST, true, host(1)));
    assert_eq!(
        resolve(&mut cache, at(60_000), host(2), is_gateway),
        evicted
    );
    assert_eq!(resolve(&mut cache, at(60_001), host(3), is_gateway), FULL);
}

#[test]
fn a11_thrashing_does_not_ask_more_than_once_a_second() {
    let mut entries = [Neighbor::EMPTY; 4];
    let mut cache = Neighbors::new(&mut entries);
    let mut last = [None::<Instant>; 16];
    let mut random = 1u64;
    for ms in 0..20_000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let number = random >> 60;
        let slot = &mut last[usize::try_from(number).unwrap()];
        let address = host(u16::try_from(number).unwrap() + 1);
        if let Some((_, true, _)) = resolve(&mut cache, at(ms), address, nobody) {
            assert!(slot.is_none_or(|last| at(ms) - last >= Duration::from_secs(1)));
            *slot = Some(at(ms));
        }
    }
    assert!(last.iter().all(Option::is_some), "everyone gets a turn");
}

#[test]
fn a_cache_without_entries_is_full() {
    let mut cache = Neighbors::new(&mut []);
    assert_eq!(resolve(&mut cache, at(0), host(1), nobody), FULL);
    assert!(!cache.confirm(at(0), &host(1), MAC));
}
