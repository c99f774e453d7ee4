//! The socket of picoserve.

use picoserve::io::{Socket, Write};
use picoserve::mem::{BorrowedBuffer, BorrowedCursor};
use picoserve::{Error, Timeouts};
use tcp_core::Misuse;

use super::{NetError, ReadHalf, Shared, TcpStream, WriteHalf};

impl<N: Shared + ?Sized> Write for WriteHalf<'_, '_, N> {
    async fn write_with<F: FnOnce(BorrowedCursor<'_>) -> R, R>(
        &mut self,
        f: F,
    ) -> Result<R, NetError> {
        let (mut f, mut result) = (Some(f), None);
        let fill = |space: &mut [u8]| {
            let mut buffer = BorrowedBuffer::new(space);
            if let Some(f) = f.take() {
                result = Some(f(buffer.unfilled()));
            }
            buffer.filled().len()
        };
        self.stream().writing_with(fill).await?;
        // Writing succeeds only when there was space to fill.
        result.ok_or(NetError::Refused(Misuse::InsufficientResources))
    }
}

/// For any runtime: the timer is the server's.
impl<'n, N: Shared + ?Sized, Runtime> Socket<Runtime> for TcpStream<'n, N> {
    type Error = NetError;
    type ReadHalf<'s>
        = ReadHalf<'s, 'n, N>
    where
        Self: 's;
    type WriteHalf<'s>
        = WriteHalf<'s, 'n, N>
    where
        Self: 's;

    fn split(&mut self) -> (ReadHalf<'_, 'n, N>, WriteHalf<'_, 'n, N>) {
        TcpStream::split(self)
    }

    /// The reset leaves by itself.
    async fn abort<T: picoserve::Timer<Runtime>>(
        self,
        _: &Timeouts,
        _: &T,
    ) -> Result<(), Error<NetError>> {
        TcpStream::abort(&self).map_err(Error::Write)
    }

    async fn shutdown<T: picoserve::Timer<Runtime>>(
        mut self,
        timeouts: &Timeouts,
        timer: &T,
    ) -> Result<(), Error<NetError>> {
        self.finish().map_err(Error::Write)?;
        timer
            .run_with_timeout(timeouts.read_request, self.discard())
            .await
            .map_err(Error::ReadTimeout)?
            .map_err(Error::Read)?;
        timer
            .run_with_timeout(timeouts.write, self.delivered())
            .await
            .map_err(Error::WriteTimeout)?
            .map_err(Error::Write)
    }
}
