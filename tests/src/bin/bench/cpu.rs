//! The clock of what happens in one thread: what others do on the machine does not count.

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this thread in seconds.
pub(crate) fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
