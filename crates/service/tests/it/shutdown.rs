//! Signals reach the application as a cancelled token.

use service::shutdown::with_signals;

#[tokio::test]
async fn terminate_cancels_the_token_and_the_application_decides_when_to_end() {
    let output = with_signals(|stop| async move {
        let id = std::process::id().to_string();
        let status = tokio::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap();
        assert!(status.success());
        stop.cancelled().await;
        "ended by itself"
    })
    .await;
    assert_eq!(output.unwrap(), "ended by itself");
}
