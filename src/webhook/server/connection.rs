//! One connection: the handshake, then question after question.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Server;
use super::lifecycle::{Life, Phase};
use super::patience::{Patience, Patient};
use super::routes;

/// What is read ahead of a connection, and the longest head. hyper's own is six times that, for each of a thousand clients.
const BUFFER: usize = 64 << 10;

/// Serves a connection until it ends.
pub(super) async fn serve(server: &Server, stream: TcpStream, room: Arc<Semaphore>) {
    // A small answer must not wait for the acknowledgement of the one before it.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &server.tls else { return talk(server, stream, room, server.router.clone()).await };
    let _counted = server.metrics.connection();
    let failed = match timeout(server.limits.handshake, tls.accept(stream)).await {
        Ok(Ok(stream)) => match tls.refuses(&stream) {
            None => return talk(server, stream, room, server.router.clone()).await,
            Some(why) => {
                tracing::warn!(%why, "a client is refused");
                server.metrics.handshake_failed("client_name");
                return talk(server, stream, room, routes::refusing(why)).await;
            }
        },
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            "handshake"
        }
        Err(_) => "timeout",
    };
    server.metrics.handshake_failed(failed);
}

/// Speaks HTTP/1.1.
async fn talk(server: &Server, stream: impl AsyncRead + AsyncWrite + Unpin, room: Arc<Semaphore>, router: Router) {
    let patience = Arc::new(Patience::default());
    let stream = Patient::new(stream, Arc::clone(&patience), server.limits, room);
    let talk = Talk { router: TowerToHyperService::new(router), life: server.life.clone(), patience };
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), talk);
    let mut connection = pin!(connection);
    let done = tokio::select! {
        // What has come in by now is read before anything is closed.
        biased;
        done = connection.as_mut() => done,
        () = lingers(&server.life) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = done {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Ends when connections that nobody has used since the close began may be closed. One that is in use is closed with an
/// answer instead, since a request may already be on its way.
async fn lingers(life: &Life) {
    life.reaches(Phase::Closing).await;
    tokio::time::sleep(life.drain().linger()).await;
}

/// What answers on one connection.
struct Talk {
    router: TowerToHyperService<Router>,
    life: Life,
    patience: Arc<Patience>,
}

impl Service<Request<Incoming>> for Talk {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.patience.busy();
        let (answer, life, patience) = (self.router.call(request), self.life.clone(), Arc::clone(&self.patience));
        Box::pin(async move {
            let mut answer = answer.await?;
            if life.phase() >= Phase::Closing {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            patience.idle();
            Ok(answer)
        })
    }
}
