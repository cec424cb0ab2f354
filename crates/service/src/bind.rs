//! Binding a listener, with an error that says what to do.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use tokio::net::TcpListener;

/// Why nothing can listen on an address. Permanent until somebody acts.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another process has the port.
    #[error(
        "address `{address}` is in use: choose another with {option}, or port 0 for any free one"
    )]
    InUse {
        /// As configured.
        address: SocketAddr,
        /// The flag that changes it.
        option: &'static str,
    },
    /// Usually a port below 1024 without the right to take it.
    #[error("no permission to listen on `{address}`: choose a port above 1023 with {option}")]
    Denied {
        /// As configured.
        address: SocketAddr,
        /// The flag that changes it.
        option: &'static str,
    },
    /// The address is not of this machine, or the system has another reason.
    #[error("cannot listen on `{address}`: choose an address of this machine with {option}")]
    Other {
        /// As configured.
        address: SocketAddr,
        /// The flag that changes it.
        option: &'static str,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// Listens on `address`; `option` is the flag to name if that fails.
///
/// # Errors
/// Permanent; the text names the address and the flag.
pub async fn bind(address: SocketAddr, option: &'static str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse { address, option },
            io::ErrorKind::PermissionDenied => BindError::Denied { address, option },
            _ => BindError::Other {
                address,
                option,
                source,
            },
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn taken_port_is_named_with_the_flag() {
        let listener = bind(([127, 0, 0, 1], 0).into(), "--listen").await.unwrap();
        let address = listener.local_addr().unwrap();
        let error = bind(address, "--listen").await.unwrap_err();
        let expected = format!(
            "address `{address}` is in use: choose another with --listen, or port 0 for any free one"
        );
        assert_eq!(error.to_string(), expected);
    }

    #[tokio::test]
    async fn foreign_address_is_named_with_the_flag() {
        let error = bind(([192, 0, 2, 1], 0).into(), "--admin")
            .await
            .unwrap_err();
        insta::assert_snapshot!(error, @"cannot listen on `192.0.2.1:0`: choose an address of this machine with --admin");
    }
}
