//! Every state against every segment: eleven states, all 64 sets of flags, five places of SEQ and
//! four of ACK, each cell with and without text. What each must do is worked out by [`rfc9293`]
//! from the RFC's text, and [`deviations`] names where this TCP does otherwise on purpose.
//!
//! How often each outcome occurs in each state stands in `snapshots/matrix.txt`; with `BLESS=1` in
//! the environment the test writes it.

mod cell;
mod deviations;
mod outcome;
mod rfc9293;
mod stand;
mod tally;

use std::path::PathBuf;
use std::sync::LazyLock;

use cell::{AckAt, Cell, SeqAt, Station};
use deviations::DEVIATIONS;
use outcome::{Outcome, Reply, Text, Told};
use rfc9293::Profile;
use stand::Stand;
use tally::Tally;
use tcp_core::State;
use tcp_tests::cross;

/// The 14,080 cells, with challenge ACKs and without.
static MATRIX: LazyLock<[Tally; 2]> = LazyLock::new(|| PROFILES.map(matrix));
/// Beside them: SYN-RECEIVED that came from SYN-SENT, and more places of SEQ and ACK.
static BESIDE: LazyLock<[Tally; 2]> = LazyLock::new(|| PROFILES.map(beside));

const PROFILES: [Profile; 2] = [Profile::ChallengeAcks, Profile::Plain];

fn matrix(profile: Profile) -> Tally {
    let cells = Cell::every(&Station::STATES, &SeqAt::MATRIX, &AckAt::MATRIX);
    Tally::of(cells, profile)
}

fn beside(profile: Profile) -> Tally {
    let all = [&AckAt::MATRIX[..], &AckAt::BESIDE].concat();
    let cells = Cell::every(&[Station::Crossed], &SeqAt::MATRIX, &AckAt::MATRIX)
        .chain(Cell::every(&Station::STATES, &SeqAt::BESIDE, &all))
        .chain(Cell::every(
            &Station::STATES,
            &SeqAt::MATRIX,
            &AckAt::BESIDE,
        ))
        .chain(Cell::every(&[Station::Crossed], &SeqAt::BESIDE, &all));
    Tally::of(cells, profile)
}

#[test]
fn each_of_14_080_cells_does_what_the_rfc_wants() {
    for tally in &*MATRIX {
        println!("{tally}");
        assert_eq!(tally.cells, 11 * 64 * 5 * 4);
        tally.judge();
    }
}

#[test]
fn cells_beside_the_matrix_do_what_the_rfc_wants() {
    for tally in &*BESIDE {
        println!("{tally}");
        tally.judge();
    }
}

#[test]
fn each_deviation_is_owned_up_to_and_occurs() {
    let caveats = std::fs::read_to_string(cross::workspace().join("CAVEATS.md"));
    let caveats = caveats.expect("the caveats").replace("\n  ", " ");
    let caveats = caveats.replace("**", "");
    for deviation in DEVIATIONS {
        let name = deviation.name;
        assert!(!deviation.why.is_empty(), "{name} gives no reason");
        assert!(
            caveats.contains(deviation.caveat),
            "CAVEATS.md does not say `{}`",
            deviation.caveat
        );
        let tallies = MATRIX.iter().chain(&*BESIDE);
        let count: usize = tallies.map(|tally| tally.deviations(name)).sum();
        assert!(count > 0, "{name} changes nothing");
    }
}

#[test]
fn outcomes_are_as_often_as_they_were() {
    let path: PathBuf = cross::workspace().join("tests/snapshots/matrix.txt");
    let all = PROFILES.iter().zip(MATRIX.iter().zip(&*BESIDE));
    let text: String = all
        .map(|(profile, (matrix, beside))| format!("{profile}\n\n{matrix}\nbeside\n\n{beside}\n"))
        .collect();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("a snapshot that can be written");
    }
    let snapshot = std::fs::read_to_string(&path).expect("the snapshot");
    assert_eq!(text, snapshot, "{}", path.display());
}

/// The comparison is not blind: an outcome that is altered in any part is found to be wrong.
#[test]
fn an_altered_outcome_is_noticed() {
    let all = Cell::every(&Station::STATES, &SeqAt::MATRIX, &AckAt::MATRIX);
    let mut altered = 0;
    for cell in all.step_by(61) {
        let stand = || Stand::new(cell.station, Profile::ChallengeAcks);
        let (tcb, seg) = (stand().tcb(), stand().seg(cell));
        let right = deviations::expected(&tcb, &seg);
        for wrong in alterations(right) {
            let verdict = stand().check(seg, &wrong);
            assert!(verdict.is_err(), "{cell}: {right}, but {wrong} passes");
            altered += 1;
        }
    }
    assert!(altered > 500, "only {altered}");
}

/// `right`, wrong in one way each. What a user would notice is altered where there is one.
fn alterations(right: Outcome) -> Vec<Outcome> {
    let reply = match right.reply {
        Reply::Nothing => Reply::Ack,
        _ => Reply::Nothing,
    };
    let next = match right.next {
        State::Established => State::FinWait1,
        _ => State::Established,
    };
    let mut wrong = vec![Outcome { reply, ..right }, Outcome { next, ..right }];
    if !matches!(right.next, State::Established | State::CloseWait) {
        return wrong;
    }
    let told = match right.told {
        Told::Nothing => Told::Reset,
        _ => Told::Nothing,
    };
    let text = match right.text {
        Text::Nothing => Text::Delivered(100),
        _ => Text::Nothing,
    };
    let urgent = !right.urgent;
    let snd_una = right.snd_una + 1;
    wrong.push(Outcome { told, ..right });
    wrong.push(Outcome { text, ..right });
    wrong.push(Outcome { urgent, ..right });
    wrong.push(Outcome { snd_una, ..right });
    wrong
}
