//! A user and network namespace for this process alone.

use std::fmt::Display;
use std::fs;

use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::failure::Failure;

/// Enters a network namespace in which this process may do as it likes; returns what to call it.
///
/// Root needs no user namespace, but may be in a container that only grants both together.
pub(super) fn enter() -> Result<&'static str, Failure> {
    let (uid, gid) = (geteuid(), getegid());
    if uid.is_root() && unshare(UnshareFlags::NEWNET).is_ok() {
        return Ok("a network namespace of its own");
    }
    unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET).map_err(not_allowed)?;
    // Only the denial of setgroups makes a group map writable without privilege.
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("0 {uid} 1"))?;
    write("/proc/self/gid_map", &format!("0 {gid} 1"))?;
    Ok("a user and network namespace of its own")
}

fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    // SAFETY: what makes it unsafe is `FILES`, which takes descriptors away from other threads.
    // It is not asked for here.
    unsafe { unshare_unsafe(flags) }
}

fn write(path: &str, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| forbidden(format_args!("{path}: {error}")))
}

fn not_allowed(errno: Errno) -> Failure {
    forbidden(format_args!("unshare: {errno}"))
}

fn forbidden(what: impl Display) -> Failure {
    Failure::Forbidden(format!(
        "this machine does not let this user make a network namespace ({what}).\n\
         Either run the demo as root, or allow it:\n  \
         sysctl user.max_user_namespaces=10000\n  \
         sysctl kernel.unprivileged_userns_clone=1              (Debian, if it exists)\n  \
         sysctl kernel.apparmor_restrict_unprivileged_userns=0  (Ubuntu, if it exists)\n\
         In a container: start it with `--cap-add SYS_ADMIN --cap-add NET_ADMIN \
         --device /dev/net/tun`."
    ))
}
