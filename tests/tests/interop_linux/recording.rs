//! What tshark says of a recording.

use std::path::Path;
use std::process::Command;

use tcp_std::CaptureLimit;

pub(crate) const NAME: &str = "lab.pcapng";
/// tshark takes its time with large files: the beginning and the end are judged.
pub(crate) const LIMIT: CaptureLimit = CaptureLimit {
    first: 8 << 20,
    last: 2 << 20,
};

/// Payload is only data, whatever the ports or the octets look like.
const OPTIONS: [&str; 8] = [
    "-o",
    "tcp.check_checksum:TRUE",
    "-o",
    "ip.check_checksum:TRUE",
    "-o",
    "tcp.desegment_tcp_streams:FALSE",
    "-d",
    "tcp.port==1-65535,data",
];
/// The kernel, which sums for its devices as if for UDP, writes 0xffff where the sum is zero. Both
/// mean the same to whoever verifies, but not to tshark.
const BAD: &str = "_ws.malformed || ip.checksum.status == 0 || (tcp.checksum.status == 0 \
                   && !(tcp.checksum == 0xffff && frame.packet_flags_direction == 1))";
const GOOD: &str = "tcp.checksum.status == 1";

/// Finds no malformed packet, no wrong checksum, and many right ones.
pub(crate) fn judge(directory: &Path) {
    let file = directory.join(NAME);
    let Some(bad) = matches(&file, BAD) else {
        println!("tshark is not installed: the recording was not judged");
        return;
    };
    if let Some(number) = bad.first() {
        let filter = format!("frame.number == {number}");
        let dissected = tshark(&file, &["-V", "-Y", &filter]).unwrap_or_default();
        panic!("tshark complains of packets {bad:?}; of the first it says\n{dissected}");
    }
    let good = matches(&file, GOOD).map_or(0, |numbers| numbers.len());
    assert!(
        good >= 3,
        "tshark sees only {good} segments with a right checksum"
    );
}

/// How many packets of the recording a filter finds; `None` without tshark.
pub(crate) fn count(directory: &Path, filter: &str) -> Option<usize> {
    matches(&directory.join(NAME), filter).map(|numbers| numbers.len())
}

/// The numbers of the packets that a filter finds; `None` without tshark.
fn matches(file: &Path, filter: &str) -> Option<Vec<String>> {
    let numbers = tshark(file, &["-T", "fields", "-e", "frame.number", "-Y", filter])?;
    Some(numbers.lines().map(str::to_owned).collect())
}

fn tshark(file: &Path, arguments: &[&str]) -> Option<String> {
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(file).args(OPTIONS).args(arguments);
    let output = tshark.output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "tshark cannot read the recording: {said}"
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
