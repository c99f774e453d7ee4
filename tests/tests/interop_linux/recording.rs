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
const OPTIONS: [&str; 10] = [
    "-o",
    "tcp.check_checksum:TRUE",
    "-o",
    "ip.check_checksum:TRUE",
    "-o",
    "tcp.desegment_tcp_streams:FALSE",
    "-d",
    "tcp.port==1-65535,data",
    "-T",
    "fields",
];
const BAD: &str = "_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0";
const GOOD: &str = "tcp.checksum.status == 1";

/// Finds no malformed packet, no wrong checksum, and many right ones.
pub(crate) fn judge(directory: &Path) {
    let file = directory.join(NAME);
    let Some(bad) = matches(&file, BAD) else {
        println!("tshark is not installed: the recording was not judged");
        return;
    };
    assert!(bad.is_empty(), "tshark complains of packets {bad:?}");
    let good = matches(&file, GOOD).map_or(0, |numbers| numbers.len());
    assert!(
        good >= 3,
        "tshark sees only {good} segments with a right checksum"
    );
}

/// The numbers of the packets that a filter finds; `None` without tshark.
fn matches(file: &Path, filter: &str) -> Option<Vec<String>> {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args(OPTIONS)
        .args(["-e", "frame.number", "-Y", filter])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "tshark cannot read the recording: {said}"
    );
    let numbers = String::from_utf8_lossy(&output.stdout);
    Some(numbers.lines().map(str::to_owned).collect())
}
