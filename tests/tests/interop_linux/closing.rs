//! The ends of connections, and connections that do not begin.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener as KernelListener, TcpStream as KernelStream};
use std::time::Duration;

use tcp_std::tcp_core::State;
use tcp_tests::netns::wait_for;

use crate::lab::{BOTH_ROLES, Family, Lab, Listens, PATIENCE};
use crate::transfer::{Chunks, one_way};

const OCTETS: u64 = 1 << 20;
const SMALL: Chunks = Chunks {
    write: 4_096,
    read: 4_096,
};

pub(crate) fn half_close(family: Family) {
    let lab = Lab::new(family, 1_500);
    for role in BOTH_ROLES {
        we_close_first(&lab, role);
        the_kernel_closes_first(&lab, role);
    }
    lab.finish();
}

fn we_close_first(lab: &Lab, role: Listens) {
    let (ours, kernel) = lab.connect(role);
    let remote = kernel.local_addr().expect("an address");
    ours.shutdown(Shutdown::Write).expect("we close our half");
    assert_eq!((&kernel).read(&mut [0; 16]).expect("the end arrives"), 0);
    wait_for("FIN-WAIT-2", PATIENCE, || {
        (lab.state(remote) == Some(State::FinWait2)).then_some(())
    });
    let refused = (&ours).write(b"x").expect_err("our half is closed");
    assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
    one_way(&kernel, &ours, OCTETS, SMALL);
    wait_for("TIME-WAIT", PATIENCE, || {
        (lab.state(remote) == Some(State::TimeWait)).then_some(())
    });
}

fn the_kernel_closes_first(lab: &Lab, role: Listens) {
    let (ours, kernel) = lab.connect(role);
    let remote = kernel.local_addr().expect("an address");
    kernel
        .shutdown(Shutdown::Write)
        .expect("the kernel closes its half");
    assert_eq!((&ours).read(&mut [0; 16]).expect("the end arrives"), 0);
    assert_eq!(lab.state(remote), Some(State::CloseWait));
    one_way(&ours, &kernel, OCTETS, SMALL);
    wait_for("the end of it", PATIENCE, || {
        matches!(lab.state(remote), None | Some(State::Closed)).then_some(())
    });
}

pub(crate) fn reset(family: Family) {
    let lab = Lab::new(family, 1_500);
    for role in BOTH_ROLES {
        let (ours, mut kernel) = lab.connect(role);
        ours.set_linger(Some(Duration::ZERO)).expect("an option");
        drop(ours);
        let error = kernel.read(&mut [0]).expect_err("we reset the connection");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);

        let (mut ours, kernel) = lab.connect(role);
        rustix::net::sockopt::set_socket_linger(&kernel, Some(Duration::ZERO)).expect("an option");
        drop(kernel);
        let error = ours
            .read(&mut [0])
            .expect_err("the kernel resets the connection");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(ours.read(&mut [0]).expect("it was told once"), 0);
        let error = ours.write(b"x").expect_err("there is no connection");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);

        // Unread data makes a close a reset (RFC 1122 section 4.2.2.13), on either side.
        let (ours, mut kernel) = lab.connect(role);
        kernel.write_all(b"unread").expect("the kernel writes");
        wait_for("the data", PATIENCE, || {
            (ours.peek(&mut [0; 6]).ok()? == 6).then_some(())
        });
        drop(ours);
        let error = kernel.read(&mut [0]).expect_err("we reset the connection");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    lab.finish();
}

pub(crate) fn refused(family: Family) {
    let lab = Lab::new(family, 1_500);
    // A port that was free a moment ago.
    let listener = KernelListener::bind((lab.kernel(), 0)).expect("a free port");
    let closed = listener.local_addr().expect("an address");
    drop(listener);
    let error = lab.net.connect(closed).expect_err("nobody listens there");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

    let listener = lab.net.listen((lab.ours(), 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    KernelStream::connect(address).expect("somebody listens");
    drop(listener);
    for port in [address.port(), 1] {
        let closed = SocketAddr::new(lab.ours(), port);
        let error = KernelStream::connect_timeout(&closed, PATIENCE).expect_err("nobody listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    lab.finish();
}
