//! The one setting that only root may make by ioctl, but everybody in a namespace of their own by
//! netlink: the length of an interface's queue.

use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const IFLA_TXQLEN: u16 = 13;
/// `struct nlmsghdr`, `struct ifinfomsg`, one attribute with its header.
const LENGTH: u32 = 16 + 16 + 8;

/// Sets how many packets the kernel keeps for whoever reads the interface.
pub(super) fn set_queue_length(index: i32, packets: u32) -> Result<(), Errno> {
    // No protocol in particular is NETLINK_ROUTE.
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    send(&socket, &request(index, packets), SendFlags::empty())?;
    acknowledgment(&socket)
}

fn request(index: i32, packets: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(LENGTH as usize);
    message.extend(LENGTH.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    // Sequence number and port: there is one request on this socket, and the kernel knows us.
    message.extend([0; 8]);
    // Any family, padding, any type.
    message.extend([0; 4]);
    message.extend(index.to_ne_bytes());
    // Neither flags nor a mask of flags to change.
    message.extend([0; 8]);
    message.extend(8_u16.to_ne_bytes());
    message.extend(IFLA_TXQLEN.to_ne_bytes());
    message.extend(packets.to_ne_bytes());
    message
}

/// The answer is an error message whose number is zero when all is well.
fn acknowledgment(socket: impl AsFd) -> Result<(), Errno> {
    let mut answer = [0; 256];
    let (len, _) = recv(socket, &mut answer, RecvFlags::empty())?;
    let number = answer
        .get(..len)
        .and_then(|answer| answer.get(16..20)?.try_into().ok());
    match number.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(number) => Err(Errno::from_raw_os_error(-number)),
        None => Err(Errno::PROTO),
    }
}
